import { graphql } from 'relay-runtime';

export const page = graphql`
  query spacePageQuery($id: ID!, $count: Int) {
    space(id: $id) {
      id
      title
      eventCursor
      phase(kind: DURING) {
        ...spaceThreads_phase @arguments(count: $count)
      }
    }
  }
`;

export const threads = graphql`
  fragment spaceThreads_phase on Phase
  @argumentDefinitions(count: { type: "Int", defaultValue: 3 }, cursor: { type: "String" })
  @refetchable(queryName: "spaceThreadsPaginationQuery") {
    state
    threads(first: $count, after: $cursor) @connection(key: "spaceThreads_threads") {
      edges {
        node {
          ...threadCard_thread
        }
      }
    }
  }
`;
