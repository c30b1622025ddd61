/**
 * Our MessagePack extension codes, 0 to 63, as PROTOCOL.md lists them. Dates use the
 * timestamp that MessagePack itself defines (-1). Never give a code another meaning.
 */
export const TYPE_UNDEFINED = 0;
export const TYPE_BIG_INTEGER = 1;
export const TYPE_MAP = 2;
export const TYPE_SET = 3;
export const TYPE_ERROR = 4;
export const TYPE_TYPED_ARRAY = 5;
export const TYPE_ARRAY_BUFFER = 6;
export const TYPE_INVALID_DATE = 7;
export const TYPE_NEGATIVE_ZERO = 8;
/** A string that is no well-formed UTF-16, or begins with a byte order mark. */
export const TYPE_STRING_UNITS = 9;

/** How deep containers may be nested, on either side. */
export const DEPTH_MAX = 64;
