/**
 * What a body has beside what its bytes can say: an enumerable symbol key, or a property of an
 * array that is none of its items (what a `RegExp` match has). For people; `undefined` for none.
 */
export function strayKey(value: object): string | undefined {
  if (Array.isArray(value)) {
    const name = strayProperty(value);
    if (name !== undefined) return `a property ${JSON.stringify(name)} beside its items`;
  }
  const symbols = Object.getOwnPropertySymbols(value);
  if (symbols.length === 0) return undefined;
  const symbol = symbols.find((one) => Object.prototype.propertyIsEnumerable.call(value, one));
  return symbol === undefined ? undefined : `a key ${String(symbol)}, which is a symbol`;
}

/** Where items are missing the keys are fewer; what is no item comes after all of them. */
function strayProperty(array: readonly unknown[]): string | undefined {
  const last = Object.keys(array).at(-1);
  if (last === undefined || last === String(array.length - 1)) return undefined;
  const index = Number(last);
  const isItem = String(index) === last && Number.isInteger(index) && index >= 0;
  return isItem ? undefined : last;
}
