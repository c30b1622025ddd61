/** What travels of an error: never its stack. */
export interface ErrorParts {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** Classes that the receiver makes again by their name; any other becomes an `Error` of that name. */
const CLASSES: ReadonlyMap<string, new (message: string) => Error> = new Map(
  [TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map((make) => [
    make.name,
    make,
  ]),
);

export function partsOfError(error: Error): ErrorParts {
  // Whatever a program has put there.
  const { name, message, code } = error as { name: unknown; message: unknown; code?: unknown };
  return {
    name: String(name),
    message: String(message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(Object.hasOwn(error, 'cause') ? { cause: error.cause } : {}),
    ...(error instanceof AggregateError ? { errors: error.errors } : {}),
  };
}

/** `undefined` for what are no parts of an error. */
export function errorOfParts(parts: unknown): Error | undefined {
  if (!isErrorParts(parts)) return undefined;
  const { name, message } = parts;
  const error =
    name === 'AggregateError' && Array.isArray(parts.errors)
      ? new AggregateError(parts.errors, message)
      : new (CLASSES.get(name) ?? Error)(message);
  if (error.name !== name) define(error, 'name', name);
  if (parts.code !== undefined) define(error, 'code', parts.code, true);
  if ('cause' in parts) define(error, 'cause', parts.cause);
  // Where it was made here says nothing about where it came from.
  define(error, 'stack', `${name}: ${message}`);
  return error;
}

function isErrorParts(parts: unknown): parts is ErrorParts {
  if (typeof parts !== 'object' || parts === null) return false;
  const { name, message } = parts as Partial<ErrorParts>;
  return typeof name === 'string' && typeof message === 'string';
}

function define(error: Error, key: string, value: unknown, isEnumerable = false): void {
  Object.defineProperty(error, key, {
    value,
    enumerable: isEnumerable,
    configurable: true,
    writable: true,
  });
}
