// Stands in for react-style-singleton, which writes <style> elements: the page's policy forbids those, while sheets made by
// scripts are allowed.
export function stylesheetSingleton() {
  let sheet = null;
  let users = 0;
  return {
    add(css) {
      users += 1;
      if (sheet) return;
      sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    },
    remove() {
      users -= 1;
      if (users || !sheet) return;
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
      sheet = null;
    },
  };
}
