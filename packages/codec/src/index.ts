export { crc32 } from './crc32.ts';
export { FrameDecoder } from './frame-decoder.ts';
export type { FrameDecoderOptions } from './frame-decoder.ts';
export { FrameEncoder } from './frame-encoder.ts';
export type { FrameEncoderOptions } from './frame-encoder.ts';
