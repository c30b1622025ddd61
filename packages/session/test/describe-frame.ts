import type { Frame } from '@wilco/protocol';

/** A frame in a few words, for traces. */
export function describeFrame(frame: Frame): string {
  switch (frame.kind) {
    case 'message': {
      const channel = frame.channel === 1 ? '' : ` in ${String(frame.channel)}`;
      const total = frame.totalBytes === undefined ? '' : ` of ${String(frame.totalBytes)}`;
      return `message #${String(frame.seq)}${channel}${total}${frame.isResent ? ' resent' : ''}`;
    }
    case 'answer':
      return `answer #${String(frame.seq)} ${frame.outcome} to #${String(frame.answeredSeq)}`;
    case 'fragment':
      return `fragment #${String(frame.seq)} at ${String(frame.offset)}`;
    case 'ack':
      return `ack ${frame.channels.map(describeEntry).join(' ')}`.trim();
    case 'void':
      return `void ${String(frame.from)}–${String(frame.to)} ${frame.reason}`;
    case 'cancel':
      return `cancel #${String(frame.seq)}`;
    case 'close':
      return `close ${frame.mode}`;
    case 'closeAck':
      return `closeAck ${frame.channels.map(({ channel, started }) => `${String(channel)}:${String(started)}`).join(' ')}`;
    default:
      return frame.kind;
  }
}

function describeEntry(entry: {
  readonly channel: number;
  readonly received: number;
  readonly handled: number;
  readonly ranges: readonly number[];
  readonly partial: { readonly seq: number; readonly offset: number } | undefined;
}): string {
  const ranges = entry.ranges.length > 0 ? `[${entry.ranges.join(',')}]` : '';
  const { partial } = entry;
  const part = partial === undefined ? '' : `+${String(partial.seq)}@${String(partial.offset)}`;
  return `${String(entry.channel)}:${String(entry.received)}/${String(entry.handled)}${ranges}${part}`;
}
