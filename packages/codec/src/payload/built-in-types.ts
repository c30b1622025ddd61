/*
 * Our MessagePack extension codes, 0 to 63, and what their content is. Never give a code
 * another meaning. Dates use the timestamp that MessagePack itself defines (-1); bigints
 * that fit its integers of 64 bits are those, and nothing else is: larger whole numbers are
 * floats.
 */

/** `undefined`: no content. */
export const TYPE_UNDEFINED = 0;
/** A bigint beyond 64 bits: a byte for its sign (1: negative), then its magnitude, big-endian. */
export const TYPE_BIG_INTEGER = 1;
/** A `Map`: an array of keys and values in turn. */
export const TYPE_MAP = 2;
/** A `Set`: an array. */
export const TYPE_SET = 3;
/** An `Error`: an object with name and message; code, cause and errors where there are any. */
export const TYPE_ERROR = 4;
/** A typed array or `DataView`: a byte for its class, then its elements, little-endian. */
export const TYPE_TYPED_ARRAY = 5;
/** An `ArrayBuffer`: its bytes. */
export const TYPE_ARRAY_BUFFER = 6;
/** A `Date` that is none: no content. */
export const TYPE_INVALID_DATE = 7;
/** -0: no content. */
export const TYPE_NEGATIVE_ZERO = 8;
/**
 * A string that is not well-formed UTF-16, or begins with a byte order mark: its units, two
 * bytes each, little-endian.
 */
export const TYPE_STRING_UNITS = 9;

/** How deep containers may be nested, on either side. */
export const DEPTH_MAX = 64;

/** How many objects a body may have that is decoded, unless an option says otherwise. */
export const OBJECTS_MAX = 262_144;
