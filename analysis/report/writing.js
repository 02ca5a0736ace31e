"use strict";
// How figures are made and written: what the page makes anew is told as what it was made with.

// Of the pairs that a point knows, either way round; nothing where it was not measured.
function ratio(pairs, one, other) {
  if (!pairs) return null;
  if (one === other) return [1, null, null];
  const there = pairs.get(`${one} ${other}`);
  if (there) return there.slice(2);
  const back = pairs.get(`${other} ${one}`);
  if (!back) return null;
  const [, , value, low, high] = back;
  return [1 / value, high === null ? null : 1 / high, low === null ? null : 1 / low];
}

function words([value, low, high]) {
  const maybeOne = low !== null && low <= 1 && high >= 1;
  const interval = low === null ? "none" : `${low.toFixed(2)} to ${high.toFixed(2)}`;
  const cell = value.toFixed(2) + (low === null ? "" : `${maybeOne ? " ~" : ""} (${low.toFixed(2)}\u2013${high.toFixed(2)})`);
  return { cell, w: `\u00d7 ${value.toFixed(2)}${maybeOne ? " ~" : ""}`, b: interval };
}

function duration(us) {
  const [unit, scale] = us >= 999500 ? ["s", 1e6] : us >= 999.5 ? ["ms", 1e3] : ["\u00b5s", 1];
  return `${(us / scale).toPrecision(3)} ${unit}`;
}

