import {
  ANSWER_CHANNEL,
  ANSWER_CHANNEL_NAME,
  checkName,
  DEFAULT_CHANNEL,
  DEFAULT_CHANNEL_NAME,
  LIMITS,
  WilcoError,
  type ChannelNumber,
  type Position,
  type SendingRecord,
} from '@wilco/protocol';
import type { SessionSetting } from './options.ts';
import { SendChannel } from './send-channel.ts';

/** The sending channels of a session, by name and by number. They are opened by their first use. */
export class SendChannels {
  readonly #setting: SessionSetting;
  #byNumber: readonly SendChannel[] = [];

  constructor(setting: SessionSetting) {
    this.#setting = setting;
    this.#keep(
      new SendChannel(ANSWER_CHANNEL, ANSWER_CHANNEL_NAME, { weight: 1, isUrgent: false }),
    );
    this.#keep(
      new SendChannel(
        DEFAULT_CHANNEL,
        DEFAULT_CHANNEL_NAME,
        setting.channelOf(DEFAULT_CHANNEL_NAME),
      ),
    );
  }

  /** All of them, ascending by number, without gaps. */
  get all(): readonly SendChannel[] {
    return this.#byNumber;
  }

  numbered(number: ChannelNumber): SendChannel | undefined {
    return this.#byNumber[number];
  }

  /** @throws {@link WilcoError} `WILCO_OPTION_INVALID` for a bad name, or one too many. */
  named(name: string): SendChannel {
    // There are few of them, most often two: faster than a table, and smaller.
    for (const known of this.#byNumber) if (known.name === name) return known;
    checkName('the name of a channel', name, LIMITS.channelNameBytes);
    const number = this.#byNumber.length;
    if (number >= LIMITS.channels) {
      throw new WilcoError(
        'WILCO_OPTION_INVALID',
        `'${name}' would be channel ${String(number + 1)}, a session has ${String(LIMITS.channels)}`,
      );
    }
    const channel = new SendChannel(number, name, this.#setting.channelOf(name));
    channel.hasMet = this.#byNumber[ANSWER_CHANNEL]?.hasMet ?? false;
    this.#keep(channel);
    return channel;
  }

  /** Puts back a channel as a store held it, empty yet. */
  restore(record: SendingRecord, base: Position): SendChannel {
    const { channel: number, name, next, reported, first } = record;
    const turn = this.#setting.channelOf(name);
    // Of a channel that was opened, and in which nothing was kept, only its number is known.
    while (this.#byNumber.length < number) {
      const unknown = this.#byNumber.length;
      this.#keep(new SendChannel(unknown, `unnamed ${unknown}`, { weight: 1, isUrgent: false }));
    }
    const channel = new SendChannel(number, name, turn, next, reported, base, first);
    this.#keep(channel);
    return channel;
  }

  #keep(channel: SendChannel): void {
    const byNumber = [...this.#byNumber];
    byNumber[channel.number] = channel;
    // A copy is as long as it must be; a list that grew has room for many more.
    this.#byNumber = [...byNumber];
  }
}
