export type { DiskDamage } from './disk/disk-image.ts';
export { DISK_FAULTS, VirtualDisk } from './disk/virtual-disk.ts';
export type {
  DiskFault,
  DiskFaults,
  DiskSnapshot,
  VirtualDiskOptions,
} from './disk/virtual-disk.ts';
export { VirtualDatabase } from './disk/virtual-database.ts';
export type { DatabaseOperation, DatabaseRange } from './disk/virtual-database.ts';
export { FaultCounts, NETWORK_FAULTS } from './fault-counts.ts';
export type { NetworkFault } from './fault-counts.ts';
export { FaultyStore, STORE_FAULTS } from './faulty-store.ts';
export type { FaultyStoreOptions, StoreFault, StoreFaults } from './faulty-store.ts';
export { drawLinkFaults, FAREWELLS, PERFECT_LINK, PERFECT_PATH } from './link-faults.ts';
export type {
  FaultDrawing,
  LinkFate,
  LinkFaults,
  Path,
  PathFaults,
  TerminalEvent,
} from './link-faults.ts';
export type { RehearsalReport, RehearsedMessage } from './rehearsal/message-history.ts';
export { Rehearsal } from './rehearsal/rehearsal.ts';
export type { RehearsalNetwork, RehearsalOptions } from './rehearsal/rehearsal.ts';
export { Coverage, REQUIRED_COVERAGE } from './sim/coverage.ts';
export { drawPlan } from './sim/draw-plan.ts';
export type { Violation } from './sim/judge.ts';
export type { Conduct, Incident, Plan, PlannedMessage, SideOptions } from './sim/plan.ts';
export type { PlannedOrder } from './sim/order-plan.ts';
export { shrink } from './sim/shrink.ts';
export type { Shrunk } from './sim/shrink.ts';
export { simulate } from './sim/simulation.ts';
export type { SimulationOptions, SimulationResult } from './sim/simulation.ts';
export { diagram } from './sim/trace.ts';
export type { TraceLine } from './sim/trace.ts';
export { SeededRandom } from './seeded-random.ts';
export { storeContract } from './store-contract.ts';
export type { ContractCase, StoreUnderTest } from './store-contract.ts';
export { TestAuthority } from './test-authority.ts';
export type { TestCertificate, TestCertificateOptions } from './test-authority.ts';
export { VirtualClock } from './virtual-clock.ts';
export { VirtualConnection } from './virtual-connection.ts';
export { VirtualHost } from './virtual-host.ts';
export { VirtualLink } from './virtual-link.ts';
export type { LinkObserver } from './virtual-link.ts';
export { VirtualNetwork } from './virtual-network.ts';
export type { Dial, VirtualNetworkOptions } from './virtual-network.ts';
export { VirtualProcess } from './virtual-process.ts';
export { MisbehavingProxy, startProxy, type ProxyCounts } from './proxy/misbehaving-proxy.ts';
export type { ProxyDirection, ProxyStrike } from './proxy/proxied-connection.ts';
export type {
  ProxyAddress,
  ProxyFault,
  ProxyFraming,
  ProxyOptions,
} from './proxy/proxy-options.ts';
