export { memoryStore } from './memory-store.ts';
export type { MemoryStoreOptions } from './memory-store.ts';
export type { Store, StoreContents } from './store.ts';
export { StoreImage } from './store-image.ts';
