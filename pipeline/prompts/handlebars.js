// The platform's helpers of `handlebars` templates, around the library itself, which is loaded
// before. The time is the one that is handed in.
(() => {
  const loaded = [];
  let now = "";
  Handlebars.registerHelper("_now", () => now);
  Handlebars.registerHelper("stringify", (value) => {
    if (value === null || value === undefined) return "";
    return typeof value === "string" ? value : new Handlebars.SafeString(JSON.stringify(value));
  });
  globalThis.load = (noEscape, text) => loaded.push(Handlebars.compile(text, { noEscape })) - 1;
  globalThis.render = (number, json, moment) => {
    now = moment;
    return JSON.stringify(loaded[number](JSON.parse(json)));
  };
  globalThis.close = () => undefined;
})();
