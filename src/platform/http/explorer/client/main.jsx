import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import 'graphiql/style.css';
import { fetcher } from './fetcher.js';

const place = document.getElementById('explorer');
const examples = await (await fetch(place.dataset.examples)).json();

// The variables may hold a password: what is typed goes when the browser's tab is closed.
const storage = window.sessionStorage;
// Of the tab that is open first, GraphiQL looks for the variables here alone.
if (!storage.getItem('graphiql:tabState')) storage.setItem('graphiql:variables', examples[0].variables);

createRoot(place).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={examples}
    defaultQuery=""
    defaultEditorToolsVisibility
    isHeadersEditorEnabled
    shouldPersistHeaders={false}
    showPersistHeadersSettings={false}
    storage={storage}
  >
    <GraphiQL.Logo>
      <a href="explorer/licences.txt" title="Licences of what this page is made of">
        Sojourn
      </a>
    </GraphiQL.Logo>
  </GraphiQL>,
);
