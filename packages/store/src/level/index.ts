export type { LevelDatabase, LevelIterator, LevelRange, LevelWrite } from './level-database.ts';
export { levelStore } from './level-store.ts';
export type { LevelStore, OwnDatabase } from './level-store.ts';
export type { LevelDatabaseOptions, LevelStoreOptions } from './level-options.ts';
export { openStoreForReading } from './store-reader.ts';
export type { ChannelSummary, SessionSummary, StoreReader } from './store-reader.ts';
export type { DiskSpace } from './room-watch.ts';
export type { StoreClock } from './store-clock.ts';
export type { WitnessFile } from './witness.ts';
