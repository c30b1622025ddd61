import { writeFileSync } from 'node:fs';
import { BrokerProgram } from '../broker.ts';
import { mqttPeer } from '../brokers/mqtt.ts';
import { findProgram } from '../launch.ts';
import type { Peer } from '../peer.ts';

const NEEDS = { program: 'mosquitto', debianPackage: 'mosquitto' };

/** MQTT.js over mosquitto, a broker in C, at QoS 1. */
export const peer: Peer = {
  ...mqttPeer,
  name: 'mosquitto',
  meaning: 'PUBACK of the broker, QoS 1: the broker has it, in memory',
  needs: NEEDS,

  startBroker({ port, folder }, launch) {
    const file = `${folder}/mosquitto.conf`;
    writeFileSync(file, configurationOf(port));
    const command = findProgram(NEEDS.program) ?? NEEDS.program;
    return BrokerProgram.start({ command, args: ['-c', file], port, ...launch });
  },
};

function configurationOf(port: number): string {
  return [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence false',
    'max_queued_messages 0',
    'max_inflight_messages 0',
    'set_tcp_nodelay true',
    'log_type error',
    '',
  ].join('\n');
}
