import type { OutboxOnDisk, Session } from '@wilco/session';

/** The engine of a session, to read from, and what leads to no order: all else goes through its driver. */
export type EngineView = Pick<
  Session,
  'id' | 'phase' | 'unsettledCount' | 'isQuiet' | 'opening' | 'knowledge' | 'stopAccepting'
> & {
  /** What of its outbox is on disk only. */
  readonly onDisk: Omit<OutboxOnDisk, 'prepare' | 'read' | 'settle'>;
};
