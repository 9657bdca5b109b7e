// The world of a `jst` template: the names it declares, Array, Set, and `_`. Everything else that
// the engine has by name is taken away, and what cannot be taken away is frozen, so that a template
// has neither clock nor chance and leaves nothing behind for the next one.
(() => {
  const world = globalThis;
  const compile = Function;
  const parse = JSON.parse;
  const Failure = Error;
  const write = JSON.stringify;
  const helpers = Object.freeze({
    stringify: write,
    addLineNumbers: Object.freeze((content) => {
      const lines = content.split("\n");
      let width = 0;
      for (let most = 1; most < lines.length; most *= 10) width += 1;
      const number = (at) => String(at + 1).padStart(width, " ");
      return lines.map((line, at) => `{% ${number(at)} %} ${line}`).join("\n");
    }),
  });
  const String = world.String;
  const always = { _: helpers, Array, Set };
  const loaded = [];

  const freeze = (value, seen) => {
    if (value === null || (typeof value !== "object" && typeof value !== "function")) return;
    if (seen.has(value)) return;
    seen.add(value);
    Object.freeze(value);
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key);
      for (const inner of [property.value, property.get, property.set]) freeze(inner, seen);
    }
    freeze(Object.getPrototypeOf(value), seen);
  };
  const seen = new Set();
  const kinds = [function* () {}, async () => {}, async function* () {}, [].values(), "".matchAll(/x/g)];
  for (const name of Reflect.ownKeys(world)) {
    if (name !== "globalThis") freeze(world[name], seen);
  }
  for (const kind of kinds) freeze(kind, seen);
  const seal = Object.preventExtensions;
  for (const name of Reflect.ownKeys(world)) delete world[name];

  // Makes a template ready and gives its number.
  world.load = (names, code) =>
    loaded.push(compile(`{${names}}`, `return (function(){"use strict";${code}\n})()`)) - 1;

  // The text as JSON, which carries every character.
  world.render = (number, json) => {
    let text;
    try {
      text = loaded[number]({ ...parse(json), ...always });
    } catch (error) {
      // The engine throws null where there is no memory left for an error.
      if (error === null || error instanceof Failure) throw error;
      throw `it threw a value that is no error`;
    }
    if (typeof text !== "string") throw `it returned ${typeof text}, not a string`;
    return write(text);
  };

  // Nothing can be added to the world from here on; called when the two functions are at hand.
  world.close = () => {
    for (const name of ["load", "render", "close"]) delete world[name];
    seal(world);
  };
})();
