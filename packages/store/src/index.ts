export type { ApplicationWrite } from './application-image.ts';
export { memoryStore } from './memory-store.ts';
export type { MemoryStore, MemoryStoreOptions } from './memory-store.ts';
export type { EntryRange, OutgoingHead, Store, StoreContents, StoreDamage } from './store.ts';
export { OUTGOING_HEAD, StoreImage } from './store-image.ts';
