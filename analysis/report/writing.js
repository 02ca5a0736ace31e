"use strict";
// How figures are written: what the page makes anew is told as what it was made with.
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

