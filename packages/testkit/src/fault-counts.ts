/** Every way in which the virtual network misbehaves. */
export const NETWORK_FAULTS = [
  'blackHoleBoth',
  'blackHoleDown',
  'blackHoleUp',
  'corruptByte',
  'cut',
  'cutMidFrame',
  'delayed',
  'eatenFrame',
  'fullBuffer',
  'halfClose',
  'lateBytes',
  'lost',
  'lyingUnsent',
  'oddFarewell',
  'refused',
  'repeated',
  'reset',
  'segmented',
  'slowDial',
  'slowReader',
  'unanswered',
] as const;

/** The name of a fault of the virtual network. */
export type NetworkFault = (typeof NETWORK_FAULTS)[number];

/** How often each fault happened: not how often it was planned. */
export class FaultCounts {
  readonly counts: Record<NetworkFault, number>;

  constructor() {
    const zeros = NETWORK_FAULTS.map((fault) => [fault, 0] as const);
    this.counts = Object.fromEntries(zeros) as Record<NetworkFault, number>;
  }

  count(fault: NetworkFault): void {
    this.counts[fault] += 1;
  }
}
