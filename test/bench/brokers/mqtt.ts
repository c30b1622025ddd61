import { connectAsync, type MqttClient } from 'mqtt';
import { asBuffer, type Peer } from '../peer.ts';

const TOPIC = 'work';

/** What both brokers of MQTT have in common: MQTT.js at QoS 1, one way. */
export const mqttPeer: Omit<Peer, 'name' | 'meaning'> = {
  kind: 'product',
  acknowledgedBy: 'broker',
  carries: 'bytes',

  async startReceiver({ port }) {
    const client = await open(port);
    let count = 0;
    client.on('message', () => (count += 1));
    await client.subscribeAsync(TOPIC, { qos: 1 });
    return { handled: () => count };
  },

  async startSender({ port, body }, acknowledged) {
    const client = await open(port);
    const bytes = asBuffer(body);
    const options = { qos: 1 } as const;
    const told = (failed?: Error | null): void => {
      if (failed) throw failed;
      acknowledged(1);
    };
    return { send: () => void client.publish(TOPIC, bytes, options, told) };
  },

  openIdle: ({ port }) => open(port),
};

function open(port: number): Promise<MqttClient> {
  return connectAsync(`mqtt://127.0.0.1:${port}`, { keepalive: 0, reconnectPeriod: 0 });
}
