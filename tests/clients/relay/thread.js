import { graphql } from 'relay-runtime';

export const card = graphql`
  fragment threadCard_thread on Thread {
    id
    title
    ...threadCounters_commentable
    byline {
      ...threadByline_byline
    }
  }
`;

export const counters = graphql`
  fragment threadCounters_commentable on Commentable @refetchable(queryName: "threadCountersRefetchQuery") {
    commentCount
    lastActivityAt
  }
`;

export const byline = graphql`
  fragment threadByline_byline on Byline {
    kind
    name
    organisation {
      name
    }
  }
`;

export const comments = graphql`
  fragment threadComments_thread on Thread
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" })
  @refetchable(queryName: "threadCommentsPaginationQuery") {
    comments(first: $count, after: $cursor) @connection(key: "threadComments_comments") {
      edges {
        node {
          id
          body
          state
        }
      }
    }
  }
`;

export const page = graphql`
  query threadPageQuery($id: ID!) {
    node(id: $id) {
      ...threadCounters_commentable @alias(as: "counters")
      ...threadComments_thread @alias(as: "comments")
    }
  }
`;

export const write = graphql`
  mutation threadWriteMutation($input: CommentCreateInput!, $connections: [ID!]!) {
    commentCreate(input: $input) {
      comment @appendNode(connections: $connections, edgeTypeName: "CommentEdge") {
        id
        body
        state
      }
      root {
        ...threadCounters_commentable
      }
      userErrors {
        code
        reason
        message
        field
      }
    }
  }
`;

export const live = graphql`
  subscription threadLiveSubscription($spaceId: ID!, $after: String) {
    spaceEvents(spaceId: $spaceId, after: $after) {
      kind
      cursor
      ... on ContributionEvent {
        contribution {
          id
        }
        root {
          ...threadCounters_commentable
        }
      }
      ... on ContributionGone {
        deletedContributionId @deleteRecord
      }
    }
  }
`;
