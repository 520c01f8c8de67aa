// Only ever type-checked: what a strict client knows about answers without asking the server.
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import {
  CommentCreateDocument,
  SpaceEventsDocument,
  SpacePageDocument,
  ThreadPageDocument,
  type SpaceEventsSubscription,
  type ThreadCardFragment,
} from '../generated/codegen/operations.js';

declare function send<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: NoInfer<Variables>,
): Promise<Data>;

export async function headlines(id: string): Promise<string[]> {
  const { space } = await send(SpacePageDocument, { id });
  // A space that the viewer may not see is null.
  // @ts-expect-error
  const title: string = space.title;
  const cards: ThreadCardFragment[] = space?.phases.flatMap(({ threads }) => threads.nodes) ?? [];
  return [title, ...cards.map((card) => `${card.title ?? 'taken away'} (${card.commentCount satisfies number})`)];
}

export async function comments(id: string): Promise<string[]> {
  // `first` and `after` may be left out.
  const { node } = await send(ThreadPageDocument, { id });
  if (node?.__typename !== 'Thread') return [];
  // @ts-expect-error: a placeholder has no excerpt.
  const excerpts: string[] = node.comments.edges.map(({ node: comment }) => comment.excerpt);
  return excerpts;
}

export async function comment(rootId: string, body: string, idempotencyKey: string): Promise<string | null> {
  // @ts-expect-error: a comment has a text.
  await send(CommentCreateDocument, { input: { rootId } });
  // @ts-expect-error: there is no such field.
  await send(CommentCreateDocument, { input: { rootId, body, colour: 'red' } });
  const { commentCreate } = await send(CommentCreateDocument, { input: { rootId, body, idempotencyKey } });
  const problem = commentCreate?.userErrors[0];
  if (problem) return `${problem.code}/${problem.reason ?? ''} at ${problem.field?.join('.') ?? 'input'}`;
  return commentCreate?.comment?.state === 'PENDING' ? 'It waits for a moderator.' : null;
}

export function tell({ spaceEvents: event }: SpaceEventsSubscription): string {
  switch (event.__typename) {
    case 'ContributionEvent':
      return `${event.root?.id ?? ''}: ${event.root?.commentCount ?? 0}`;
    case 'ContributionGone':
      return event.deletedContributionId;
    case 'PhaseEvent':
      return event.phase?.state ?? 'gone';
    case 'StreamReset':
      return event.resumeCursor;
    case 'StreamEnded':
      return event.reason satisfies 'MEMBERSHIP_ENDED' | 'SESSION_ENDED';
    default:
      return event.cursor;
  }
}

/** A stream begins now, or after a cursor. */
export async function follow(spaceId: string, after?: string): Promise<string> {
  await send(SpaceEventsDocument, { spaceId });
  return tell(await send(SpaceEventsDocument, { spaceId, after }));
}
