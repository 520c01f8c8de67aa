// Documents that graphql-js and the server have to judge alike.

/** Where a value of a type can stand: the rest of the document around it. */
const PLACES = {
  Int: (value) => `space(id: $space) { threads(first: ${value}) { nodes { id } } }`,
  'ID!': (value) => `node(id: ${value}) { id }`,
  '[ID]!': (value) => `nodes(ids: ${value}) { id }`,
  String: (value) => `organisations(first: 1, search: ${value}) { nodes { id } }`,
  Boolean: (value) => `viewer { notifications(first: 1, isUnread: ${value}) { nodes { id } } }`,
  'Boolean!': (value) => `viewer @include(if: ${value}) { unreadNotificationCount }`,
  'PhaseKind!': (value) => `space(id: $space) { phase(kind: ${value}) { id } }`,
  JournalEntryFilterInput: (value) => `space(id: $space) { journalEntries(first: 1, filter: ${value}) { nodes { id } } }`,
  '[ContentState!]': (value) => `space(id: $space) { journalEntries(first: 1, filter: { state: ${value} }) { nodes { id } } }`,
  LanguageTag: (value) => `reviewTemplates(language: ${value}) { id }`,
};

const LITERALS = [
  '1', '-0', '0', '2147483647', '2147483648', '3.0', '1e1', '"1"', '""', '"""block"""', 'true', 'null', 'PUBLISHED', 'DURING', 'on',
  '[]', '[null]', '[1, 2]', '["a"]', '[["a"]]', '[PUBLISHED]', '[PUBLISHED, "PENDING"]', '{}', '{ authorId: 1 }', '{ authorId: "1", authorId: "1" }',
  '{ state: [PUBLISHED] }', '{ state: PUBLISHED }', '{ state: null }', '{ state: [null] }', '{ unknown: 1 }', '{ week: 1 }',
  '{ week: "2026-W01", phaseId: null }', '$undefined', '[$space]', '{ authorId: $space }',
];

const VALUES = [
  1, 0, 2147483647, 2147483648, 3.5, 1e1, '1', '', true, null, 'PUBLISHED', 'AFTER',
  [], [null], [1, 2], ['a'], [['a']], ['PUBLISHED'], ['PUBLISHED', 'NOTHING'], {}, { authorId: 1 }, { authorId: true }, { state: ['PUBLISHED'] },
  { state: 'PUBLISHED' }, { state: null }, { state: [null] }, { unknown: 1 }, { week: 1 }, { week: '2026-W01', phaseId: null },
];

const OPTIONAL = Object.keys(PLACES).filter((type) => !type.endsWith('!'));

function query(head, body) {
  const needs = body.includes('$space') && !head.includes('$space');
  const variables = [needs && '$space: ID!', head].filter(Boolean).join(', ');
  return `query${variables && ` (${variables})`} { ${body} }`;
}

/** Values as they are written, sent, and given as a default. */
export function coercions(space) {
  const documents = [];
  for (const [type, place] of Object.entries(PLACES)) {
    for (const literal of LITERALS) {
      documents.push({ query: query('', place(literal)), variables: { space } });
      if (literal.includes('$')) continue;
      const byDefault = query(`$value: ${type.replace(/!$/, '')} = ${literal}`, place('$value'));
      documents.push({ query: byDefault, variables: { space } });
      // As a condition, null is refused at once: graphql-js fails the object that the condition stands in.
      if (type !== 'Boolean!') documents.push({ query: byDefault, variables: { space, value: null } });
    }
    for (const value of VALUES) documents.push({ query: query(`$value: ${type}`, place('$value')), variables: { space, value } });
    // A whole float, which JSON.stringify can't write.
    documents.push({ query: query(`$value: ${type}`, place('$value')), variables: { space }, raw: '"value":3.0' });
    documents.push({ query: query(`$value: ${type}`, place('$value')), variables: { space } });
    for (const other of Object.keys(PLACES)) {
      for (const given of [other, other.replace(/!$/, ''), `[${other}]`]) {
        documents.push({ query: query(`$value: ${given}`, place('$value')), variables: { space, value: null } });
      }
    }
  }
  for (const type of OPTIONAL) documents.push({ query: query(`$value: ${type}!`, PLACES[type]('$value')), variables: { space } });
  return documents;
}

const V = 'viewer { account { id } }';
const SPACE = 'space(id: $space)';
const DEEP = (inner) => `{ __schema { types { fields { type { ${inner} } } } } }`;

/** What each rule is about, by its name in graphql-js. */
export const RULES = {
  ExecutableDefinitions: ['type Dog { name: String }', `{ ${V} } type Dog { name: String }`, `{ ${V} } extend type Query { a: Int }`, 'schema { query: Query }'],
  Syntax: [
    '', '{', '{ }', '# nothing', '{ viewer { } }', `{ ${V}`, `{ ${V} } }`, '{ node(id: ) { id } }', '{ node() { id } }', 'query () { viewer { inboxCursor } }',
    '{ node(id: 01) { id } }', '{ node(id: 1.) { id } }', '{ node(id: .5) { id } }', '{ node(id: 1a) { id } }', '{ node(id: 1e) { id } }', '{ node(id: "a) { id } }',
    '{ node(id: "\\x") { id } }', '{ node(id: "\\u{}") { id } }', '{ node(id: "\\u{110000}") { id } }', '{ node(id: "\\ud83d") { id } }', '{ node(id: "\\ude00\\ud83d") { id } }',
    '{ node(id: "\\ud83d\\ude00") { id } }', '{ node(id: "\\u{1F600}") { id } }', '{ node(id: "\\u{0000001F600}") { id } }', '{ node(id: "\\u00e9\\n\\t\\/") { id } }',
    '{ node(id: "a\nb") { id } }', '{ node(id: """a\n  b\n  c""") { id } }', '{ node(id: """a\\"""b""") { id } }', '{ node(id: """a""" "") { id } }',
    '{ node(id: $) { id } }', 'query ($a: ID! = $b) { node(id: $a) { id } }', 'query ($a: ID! @x(a: $b)) { node(id: $a) { id } }',
    'fragment on on Query { viewer { inboxCursor } }', '{ ...on }', '{ ... on Query { viewer { inboxCursor } } }', '{ ... { viewer { account { id } } } }',
    '{ viewer: viewer { account: account { id: id } } }', '{ on: viewer { query: account { fragment: id } } }', 'query query { viewer { account { id } } }',
    `"what it does" query Named { ${V} }`, `"what it does" { ${V} }`, 'query ("which" $id: ID!) { node(id: $id) { id } }', '\ufeff{ viewer { account { id } } }', '{ viewer { account { id },,, } }',
    'query ($a: [ID!) { node(id: $a) { id } }', 'subscribe { a }', '{ viewer @ { account { id } } }', '{ viewer ? }', '{ … }', '{ a.b }', '{ node(id: {a: }) { id } }', '{ node(id: [) { id } }',
  ],
  UniqueOperationNames: [[`query A { ${V} } query A { ${V} }`, 'A'], [`query A { ${V} } query B { ${V} }`, 'A'], [`query A { ${V} } mutation A { sessionRevoke(input: {}) { userErrors { code } } }`, 'A']],
  LoneAnonymousOperation: [`{ ${V} } { ${V} }`, [`{ ${V} } query A { ${V} }`, 'A'], `query { ${V} } mutation { a }`],
  KnownOperation: [[`query A { ${V} }`, 'B'], `query A { ${V} } query B { ${V} }`, [`{ ${V} }`, 'A'], [`query A { ${V} } query B { nothing }`, 'A']],
  KnownTypeNames: ['query ($a: Nothing) { node(id: $a) { id } }', '{ viewer { ... on Nothing { id } } }', `{ ...f } fragment f on Nothing { id }`],
  FragmentsOnCompositeTypes: ['{ viewer { ... on String { id } } }', '{ ...f } fragment f on JournalEntryFilterInput { id }', '{ viewer { ... on AccountKind { id } } }'],
  VariablesAreInputTypes: ['query ($a: Viewer) { node(id: $a) { id } }', 'query ($a: [Node!]) { node(id: $a) { id } }', 'query ($a: JournalEntryFilterInput) { viewer { inboxCursor } }'],
  ScalarLeafs: ['{ viewer }', '{ viewer { inboxCursor { length } } }', '{ viewer { account { kind { name } } } }', '{ viewer { account } }', '{ __schema }', '{ __typename { a } }'],
  FieldsOnCorrectType: [
    '{ nothing }', '{ viewer { nothing } }', '{ node(id: "a") { title } }', '{ node(id: "a") { ... on Space { title } } }', '{ viewer { account { __schema { types { name } } } } }',
    '{ a: __typename ... on Query { __typename } }', '{ viewer { __typename account { __typename } } }', 'mutation { __schema { types { name } } }', '{ nothing { ...f } } fragment f on Query { viewer { inboxCursor } }',
  ],
  UniqueFragmentNames: [`{ ...f } fragment f on Query { ${V} } fragment f on Query { ${V} }`],
  KnownFragmentNames: ['{ ...nothing }', '{ viewer { ...nothing } }', `{ ...f } fragment f on Query { ${V} ...nothing }`],
  NoUnusedFragments: [`{ ${V} } fragment f on Query { ${V} }`, `{ ...f } fragment f on Query { ...g } fragment g on Query { ${V} }`, `{ ${V} } fragment f on Query { ...g } fragment g on Query { ${V} }`, `fragment f on Query { ${V} }`],
  PossibleFragmentSpreads: [
    '{ viewer { ... on Account { id } } }', '{ node(id: "a") { ... on Viewer { inboxCursor } } }', '{ node(id: "a") { ... on Contribution { state } } }', '{ node(id: "a") { ... on Commentable { ... on Comment { id } } } }',
    '{ node(id: "a") { ... on SpaceEvent { cursor } } }', '{ ...f } fragment f on Viewer { inboxCursor }', '{ node(id: "a") { ...f } } fragment f on Contribution { ... on ModerationItem { id } }', '{ ... on Node { id } }',
  ],
  NoFragmentCycles: ['{ ...f } fragment f on Query { ...f }', `{ ...f } fragment f on Query { ${V} ...g } fragment g on Query { ...f }`, '{ viewer { ...f } } fragment f on Viewer { account { organisation { id } } ...f }'],
  UniqueVariableNames: ['query ($a: ID!, $a: ID!) { node(id: $a) { id } }', 'query ($a: ID!, $a: String) { node(id: $a) { id } }'],
  NoUndefinedVariables: [
    '{ node(id: $a) { id } }', 'query A { ...f } query B($a: ID!) { ...f } fragment f on Query { node(id: $a) { id } }', '{ nodes(ids: [$a]) { id } }', '{ viewer @skip(if: $a) { inboxCursor } }',
    '{ space(id: "a") { journalEntries(filter: { authorId: $a }) { nodes { id } } } }', 'query ($a: Boolean!) { viewer @skip(if: true) { account @skip(if: $b) { id } } node(id: "a") @skip(if: $a) { id } }',
  ],
  NoUnusedVariables: [
    `query ($a: ID) { ${V} }`, `query ($a: Boolean!) { ...f @include(if: $a) } fragment f on Query { ${V} }`, ['query ($a: Boolean!) { viewer @skip(if: true) { account @skip(if: $a) { id } } }', undefined, { a: true }],
    ['query ($a: ID!) { viewer @skip(if: true) { account { id } } ...f @skip(if: true) } fragment f on Query { node(id: $a) { id } }', undefined, { a: 'a' }], 'query ($a: ID, $b: ID!) { node(id: $b) { id } }',
    [`query A($a: ID!) { node(id: $a) { id } } query B { ${V} }`, 'B'], ['query ($a: Boolean!) { ...f } fragment f on Query { viewer { account @skip(if: $a) { id } unreadNotificationCount } }', undefined, { a: true }],
  ],
  KnownDirectives: [
    `{ viewer @nothing { account { id } } }`, `query @skip(if: true) { ${V} }`, `query ($a: ID! @include(if: true)) { node(id: $a) { id } }`, '{ ...f @skip(if: false) } fragment f on Query @include(if: true) { viewer { account { id } } }',
    '{ viewer { account { id @specifiedBy(url: "a") } } }', '{ viewer { account { id @deprecated } } }', '{ ... @include(if: true) { viewer { account { id } } } }',
  ],
  UniqueDirectivesPerLocation: ['{ viewer { account { id @skip(if: false) @skip(if: false) } } }', '{ viewer { account { id @skip(if: false) @include(if: true) } } }', '{ ... @include(if: true) @include(if: true) { viewer { inboxCursor } } }'],
  KnownArgumentNames: ['{ viewer(id: 1) { inboxCursor } }', '{ node(id: "a", nothing: 1) { id } }', '{ viewer { account { id @skip(if: false, unless: true) } } }', '{ viewer { account { id(a: 1) } } }', '{ __typename(a: 1) }'],
  UniqueArgumentNames: ['{ node(id: "a", id: "a") { id } }', '{ viewer { account { id @skip(if: false, if: false) } } }'],
  ProvidedRequiredArguments: ['{ node { id } }', '{ space { id } }', '{ viewer { account { id @skip } } }', '{ __type { name } }', '{ __type(name: "Query") { name kind fields { name args { name } } } }', '{ space(id: "a") { phase { id } } }', 'mutation { sessionRevoke { userErrors { code } } }'],
  UniqueInputFieldNames: ['{ space(id: "a") { journalEntries(filter: { authorId: 1, authorId: 1 }) { nodes { id } } } }', 'query ($f: JournalEntryFilterInput = { week: "2026-W01", week: null }) { space(id: "a") { journalEntries(filter: $f) { nodes { id } } } }'],
  MaxIntrospectionDepth: [DEEP('name'), DEEP('fields { name }'), DEEP('fields { type { fields { name } } }'), DEEP('interfaces { possibleTypes { name } }'), '{ __type(name: "Space") { fields { args { type { inputFields { type { inputFields { name } } } } } } } }'],
  OverlappingFieldsCanBeMerged: [
    '{ viewer { account { id id } } }', '{ viewer { account { a: id a: login } } }', '{ viewer { account { id: login id } } }', '{ node(id: "a") { id } node(id: "b") { id } }', '{ node(id: "a") { id } node(id: """a""") { id } }', '{ node(id: "a") { id } node(id: "\\u0061") { id } }',
    '{ nodes(ids: ["a", "b"]) { id } nodes(ids: ["a", "b"]) { id } }', '{ nodes(ids: ["a"]) { id } nodes(ids: "a") { id } }', ['query ($a: ID!, $b: ID!) { node(id: $a) { id } node(id: $b) { id } }', undefined, { a: 'a', b: 'a' }],
    '{ viewer { account { id } } ... on Query { viewer { account { id: login } } } }', '{ viewer { ...f ...g } } fragment f on Viewer { account { a: id } } fragment g on Viewer { account { a: login } }',
    '{ node(id: "a") { ... on Space { a: title } ... on Thread { a: title } } }', '{ node(id: "a") { ... on Space { a: title } ... on Thread { a: language } } }', '{ node(id: "a") { ... on Space { a: title } ... on Phase { a: kind } } }',
    '{ node(id: "a") { ... on Space { a: title } ... on Thread { a: id } } }', '{ node(id: "a") { ... on Space { ... { a: title } } ... on Account { ... { a: login } } } }', '{ node(id: "a") { ... on Contribution { a: excerpt } ... on Thread { a: body } } }',
    '{ node(id: "a") { ... on Space { a: phases { id } } ... on Thread { a: phase { id } } } }', '{ node(id: "a") { ... on Space { phases { a: kind } } ... on Album { phases: phase { a: state } } } }',
    '{ node(id: "a") { ... on Thread { byline { a: kind } } ... on Album { byline { a: kind } } } }', '{ node(id: "a") { ... on Thread { byline { a: kind } } ... on Album { byline { a: name } } } }', '{ node(id: "a") { ... on Thread { space { a: title } } ... on Album { space { a: id } } } }',
    '{ node(id: "a") { ... on Thread { space { a: title } } ... on Album { space { a: timeZone } } ... on JournalEntry { space { a: description } } } }', '{ node(id: "a") { ... on Contribution { space { a: title } } ... on Album { space { a: timeZone } } } }',
    '{ node(id: "a") { ... on Thread { space { ... { a: title } } } ... on Album { space { ... { a: description } } } } }',
    '{ space(id: "a") { threads(first: 1) { nodes { id } } threads(first: 2) { nodes { id } } } }', '{ space(id: "a") { threads(first: 1) { nodes { id } } threads(first: 1) { edges { cursor } } } }', '{ space(id: "a") { threads(first: 1, last: null) { nodes { id } } threads(last: null, first: 1) { nodes { id } } } }',
    '{ space(id: "a") { journalEntries(filter: { authorId: 1, week: null }) { nodes { id } } journalEntries(filter: { week: null, authorId: 1 }) { nodes { id } } } }', '{ space(id: "a") { threads { nodes { id } } threads(first: 1) { nodes { id } } } }',
    '{ a: __typename a: viewer { inboxCursor } }', '{ viewer { a: account { id } a: inboxCursor } }', '{ space(id: "a") { a: albums(first: 1) { nodes { id } } a: threads(first: 1) { nodes { id } } } }',
  ],
  VariablesInAllowedPosition: [
    [`query ($a: Boolean) { viewer @include(if: $a) { account { id } } }`, undefined, {}], [`query ($a: Boolean = true) { viewer @include(if: $a) { account { id } } }`, undefined, {}], ['query ($a: Boolean = null) { viewer @include(if: $a) { account { id } } }', undefined, { a: true }],
    ['query ($a: [ID!]!) { nodes(ids: $a) { id } }', undefined, { a: [] }], ['query ($a: [ID!]! = "a") { nodes(ids: $a) { id } }', undefined, {}], ['query ($a: [ID!] = []) { nodes(ids: $a) { id } }', undefined, {}], ['query ($a: ID) { nodes(ids: [$a]) { id } }', undefined, {}],
    [`query ($space: ID!, $a: [ContentState!]!) { ${SPACE} { journalEntries(first: 1, filter: { state: $a }) { nodes { id } } } }`, undefined, { a: 'PUBLISHED' }], [`query ($space: ID!, $a: ContentState!) { ${SPACE} { journalEntries(first: 1, filter: { state: [$a, PENDING] }) { nodes { id } } } }`, undefined, { a: 'PUBLISHED' }],
    [`query ($space: ID!, $a: ContentState) { ${SPACE} { journalEntries(first: 1, filter: { state: [$a] }) { nodes { id } } } }`, undefined, { a: 'PUBLISHED' }], [`query ($space: ID!, $a: ContentState) { ${SPACE} { journalEntries(first: 1, filter: { state: $a }) { nodes { id } } } }`, undefined, { a: 'PUBLISHED' }],
    [`query ($space: ID!, $a: ID, $b: IsoWeek) { ${SPACE} { journalEntries(first: 1, filter: { authorId: $a, week: $b }) { nodes { id } } } }`, undefined, {}], [`query A($x: Int) { space(id: "a") { threads(first: $x) { nodes { id } } } } query B($x: String) { organisations(search: $x) { nodes { id } } }`, 'B', { x: 'a' }],
  ],
};

/** The same for what changes something: nothing is changed by these, as there is no such entry. */
const UPDATE = (input) => `journalEntryUpdate(input: ${input}) { userErrors { code field } }`;
const NAMED = 'journalEntryId: "journal_entry_0", expectedVersion: 1';
RULES.Mutations = [
  `mutation { ${UPDATE(`{ ${NAMED} }`)} }`, `mutation { ${UPDATE(`{ ${NAMED}, title: null, attachmentIds: "a", answers: [] }`)} }`, `mutation { ${UPDATE('{ expectedVersion: 1 }')} }`, `mutation { ${UPDATE('"a"')} }`, `mutation { ${UPDATE('[]')} }`,
  `mutation { ${UPDATE(`{ ${NAMED}, mood: "GOOD" }`)} }`, `mutation { ${UPDATE(`{ ${NAMED}, answers: [{ }] }`)} }`, `mutation { ${UPDATE(`[{ ${NAMED} }]`)} }`, `mutation { ${UPDATE(`{ ${NAMED}, language: 5 }`)} }`,
  [`mutation ($title: String, $week: IsoWeek) { ${UPDATE(`{ ${NAMED}, title: $title, week: $week }`)} }`, undefined, {}],
  ...[{ journalEntryId: 'a', expectedVersion: 2.5 }, { journalEntryId: 'a', expectedVersion: '1' }, { journalEntryId: 7, expectedVersion: 1, body: 1 }, { journalEntryId: 'a', expectedVersion: 1, attachmentIds: 'a' }, [], 'a', null, { journalEntryId: null, expectedVersion: 1 }].map(
    (input) => [`mutation ($input: JournalEntryUpdateInput!) { ${UPDATE('$input')} }`, undefined, { input }],
  ),
];

/** Subscriptions, of which the first message is waited for. */
const PRESENCE = 'presence(spaceId: $space) { __typename }';
export const SUBSCRIPTIONS = [
  PRESENCE, `${PRESENCE} ${PRESENCE}`, `a: ${PRESENCE}`, `a: ${PRESENCE} ${PRESENCE}`, `${PRESENCE} __typename`, '__typename', `...f`, `... { ${PRESENCE} }`, `... on Subscription { ... { ${PRESENCE} } } ${PRESENCE}`,
  `${PRESENCE} a: ${PRESENCE} @skip(if: true)`, `... @include(if: true) { ${PRESENCE} }`, `presence(spaceId: $space) @include(if: true) { __typename }`, 'presence(spaceId: $space) { nothing }', 'presence { __typename }', 'presence(spaceId: [$space]) { __typename }',
  'presence(spaceId: $space) { a: __typename } presence(spaceId: $space) { b: __typename }', 'presence(spaceId: $space) { a: __typename } viewerEvents { cursor }', 'presence(spaceId: null) { __typename }',
].map((body) => `subscription ($space: ID!) { ${body} }${body.includes('...f') ? ` fragment f on Subscription { ${PRESENCE} }` : ''}`);

/** What the server is asked for, by type: leaves, and the types of what is below. */
const SHAPES = {
  Query: { viewer: 'Viewer', space: 'Space', node: 'Node', nodes: 'Node' },
  Viewer: { account: 'Account' },
  Account: { id: null, login: null, displayName: null, kind: null, languages: null, isPasswordChangeRequired: null, organisation: 'Organisation' },
  Organisation: { id: null, name: null, kind: null, country: null, timeZone: null },
  Space: { id: null, title: null, description: null, state: null, version: null, phases: 'Phase', threads: 'ThreadConnection', viewerMembership: 'Membership', presenceHours: 'PresenceHours' },
  PresenceHours: {},
  Membership: { id: null, displayName: null, role: null, mobilityStatus: null, version: null, organisation: 'Organisation' },
  Phase: { id: null, title: null, kind: null, state: null, startsAt: null, version: null },
  ThreadConnection: { nodes: 'Thread' },
  Thread: { id: null, title: null, kind: null, isPinned: null, isLocked: null, language: null, state: null, version: null, prompt: null, mentions: 'Membership', byline: 'Byline', phase: 'Phase' },
  Byline: { kind: null, name: null, organisation: 'Organisation' },
  Node: { id: null },
  Contribution: { id: null, state: null, version: null, language: null, byline: 'Byline', phase: 'Phase' },
};
const CONCRETE = ['Space', 'Phase', 'Thread', 'Membership', 'Organisation', 'Account'];

function all(type) {
  const fields = Object.entries(SHAPES[type]).map(([name, below]) => (below ? `${name}${name === 'threads' ? '(first: 20)' : ''} { ${all(below)} }` : name));
  return ['__typename', ...fields].join(' ');
}

/** Asks for everything that is compared. */
export const EVERYTHING = `query ($space: ID!) { viewer { ${all('Viewer')} } space(id: $space) { ${all('Space')} } }`;

/** Variables that are null where null may not be: only the fields with them fail. And what the schema says of itself. */
export const SAME = [
  ['query ($id: ID = "x") { viewer { account { id } } node(id: $id) { id } again: viewer { account { kind } } }', { id: null }],
  ['query ($id: ID = "x", $space: ID!) { one: node(id: $id) { id } other: node(id: $space) { id } }', { id: null }],
  ['query ($kind: PhaseKind = DURING, $space: ID!) { viewer { account { id } } space(id: $space) { id phase(kind: $kind) { id } } }', { kind: null }],
  ['query ($ids: [ID!] = ["x"]) { viewer { account { id } } nodes(ids: $ids) { id } }', { ids: null }],
  ['query ($id: ID = "x") { ...f } fragment f on Query { ... { viewer { account { id } } a: node(id: $id) { id } } }', { id: null }],
  ['query ($name: String = "Query") { __type(name: $name) { name } viewer { account { id } } }', { name: null }],
  ['query ($if: Boolean = true) { viewer { account { id login @include(if: $if) } } a: __typename }', { if: null }],
  ['query ($if: Boolean = true, $space: ID!) { space(id: $space) { id phases { id title @skip(if: $if) } } viewer { account { id } } }', { if: null }],
  ['query ($if: Boolean = true) { viewer { account { id ...f } } } fragment f on Account { organisation { id ... @include(if: $if) { name } } }', { if: null }],
  ['{ __schema { description, queryType { name, fields(includeDeprecated: null) { isDeprecated } } } }', {}],
  ['query ($all: Boolean) { __type(name: "ContentState") { kind, enumValues(includeDeprecated: $all) { isDeprecated } } }', { all: null }],
];

/** What graphql-js answers from, with that answer at hand. */
export function rootValue({ viewer, space }) {
  const known = new Map();
  const collect = (value) => {
    if (Array.isArray(value)) return value.map(collect);
    if (value === null || typeof value !== 'object') return value;
    // An object is the same wherever it was found, with the fields that were asked for there.
    const fields = Object.fromEntries(Object.entries(value).map(([name, below]) => [name, collect(below)]));
    if (!fields.id) return fields;
    known.set(fields.id, Object.assign(known.get(fields.id) ?? {}, fields));
    return known.get(fields.id);
  };
  const root = { viewer: collect(viewer), space: collect(space) };
  const threads = root.space.threads.nodes;
  root.space.threads = ({ first }) => ({ __typename: 'ThreadConnection', nodes: threads.slice(0, first ?? 20) });
  const node = ({ id }) => known.get(id) ?? null;
  return { value: { viewer: root.viewer, space: node, node, nodes: ({ ids }) => ids.map((id) => node({ id })) }, ids: [...known.keys()] };
}

/** Numbers that look random, the same for the same seed (mulberry32). */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A document over what is compared; about half of them are valid. */
export function generated(seed, ids) {
  const next = random(seed);
  const chance = (share) => next() < share;
  const one = (list) => list[Math.floor(next() * list.length)];
  const [declared, variables, fragments] = [new Map(), {}, []];
  const faulty = chance(0.5) ? 0.03 : 0;

  const variable = (name, [type, value]) => {
    declared.set(name, type);
    if (value !== undefined) variables[name] = value;
    return `$${name}`;
  };
  const condition = () => {
    if (chance(0.88)) return '';
    const truth = one(['true', 'false', variable('yes', ['Boolean!', true]), variable('no', ['Boolean!', false]), variable('unsaid', ['Boolean = true'])]);
    return ` @${one(['include', 'skip'])}(if: ${chance(faulty) ? variable('maybe', ['Boolean']) : truth})`;
  };
  const id = () => (chance(0.5) ? JSON.stringify(one(ids)) : variable(`id${Math.floor(next() * 3)}`, ['ID!', one(ids)]));
  const first = () => one(['', '(first: 1)', '(first: 2)', `(first: ${variable('few', ['Int', 2])})`, `(first: ${variable('absent', ['Int'])})`, `(first: ${chance(faulty * 5) ? '"1"' : 3})`]);
  const args = (name) => {
    if (name === 'threads') return first();
    if (name === 'space') return '(id: $space)';
    if (name === 'node') return `(id: ${id()})`;
    return name === 'nodes' ? `(ids: [${id()}, ${id()}])` : '';
  };

  const selection = (type, depth) => {
    const shape = chance(faulty) ? SHAPES[one(CONCRETE)] : SHAPES[type];
    const names = Object.keys(shape).filter((name) => depth > 0 || !shape[name]);
    const parts = Array.from({ length: 1 + Math.floor(next() * 5) }, () => {
      if (depth > 0 && chance(0.15)) return `...${one(['', ` on ${type}`])}${condition()} { ${selection(type, depth - 1)} }`;
      if (depth > 0 && type === 'Node' && chance(0.7)) {
        const on = one([...CONCRETE, 'Contribution']);
        return `... on ${on}${condition()} { ${selection(on, depth - 1)} }`;
      }
      if (depth > 0 && chance(0.1) && fragments.length < 4) {
        const name = `f${fragments.length}`;
        fragments.push('');
        fragments[Number(name.slice(1))] = `fragment ${name} on ${type} { ${selection(type, depth - 1)} }`;
        return `...${name}${condition()} ...${name}`;
      }
      const name = names.length ? one(names) : '__typename';
      const alias = chance(faulty * 5) ? 'a: ' : chance(0.08) ? `${name}_${type}: ` : '';
      // Twice the same field with other arguments would be a conflict nearly always.
      const given = args(name);
      const key = given && !alias && chance(0.9) ? `${name}_${given.replace(/\W+/g, '_')}: ` : alias;
      const below = shape[name] ? ` { ${selection(shape[name], depth - 1)} }` : '';
      return `${key}${name}${given}${condition()}${below}`;
    });
    return (chance(0.2) ? [...parts, '__typename'] : parts).join(' ');
  };

  const body = selection('Query', 3);
  const text = [body, ...fragments].join(' ');
  const head = ['$space: ID!', ...[...declared].map(([name, type]) => `$${name}: ${type}`)].filter((each) => chance(faulty) || text.includes(each.split(':')[0]));
  return { query: `query${head.length ? ` (${head.join(', ')})` : ''} { ${body} } ${fragments.join(' ')}`, variables };
}
