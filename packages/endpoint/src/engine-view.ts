import type { Session } from '@wilco/session';

/** The engine of a session, to read from: whatever changes it goes through its driver. */
export type EngineView = Pick<
  Session,
  'id' | 'phase' | 'unsettledCount' | 'isQuiet' | 'offers' | 'announcement' | 'judge' | 'knowledge'
>;
