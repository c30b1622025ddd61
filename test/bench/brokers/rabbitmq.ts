import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, type ChannelModel, type ConsumeMessage } from 'amqplib';
import { BrokerProgram, type Broker } from '../broker.ts';
import { freePort } from '../free-port.ts';
import { findProgram, type Launch } from '../launch.ts';
import { asBuffer, type Peer, type Work } from '../peer.ts';

const QUEUE = 'work';
/** Deliveries that the receiver may have unacknowledged. */
const PREFETCH = 1_000;
const NEEDS = { program: 'rabbitmq-server', debianPackage: 'rabbitmq-server' };

/** RabbitMQ with publisher confirms, over a transient classic queue or a durable quorum queue. */
export function rabbitmqPeer(queue: 'classic' | 'quorum'): Omit<Peer, 'name' | 'meaning'> {
  const isDurable = queue === 'quorum';
  return {
    kind: 'product',
    acknowledgedBy: 'broker',
    carries: 'bytes',
    needs: NEEDS,

    startBroker,

    async startReceiver({ port }) {
      const channel = await (await open(port)).createChannel();
      await channel.assertQueue(QUEUE, {
        durable: isDurable,
        arguments: isDurable ? { 'x-queue-type': 'quorum' } : {},
      });
      await channel.prefetch(PREFETCH);
      let count = 0;
      let last: ConsumeMessage | undefined;
      function acknowledge(): void {
        if (last !== undefined) channel.ack(last, true);
        last = undefined;
      }
      await channel.consume(QUEUE, (message) => {
        count += 1;
        if (last === undefined) setImmediate(acknowledge);
        last = message ?? undefined;
      });
      return { handled: () => count };
    },

    async startSender({ port, body }, acknowledged) {
      const channel = await (await open(port)).createConfirmChannel();
      const bytes = asBuffer(body);
      const options = { persistent: isDurable };
      const told = (failed: unknown): void => {
        if (failed instanceof Error) throw failed;
        acknowledged(1);
      };
      return { send: () => void channel.publish('', QUEUE, bytes, options, told) };
    },

    openIdle: ({ port }) => open(port),
  };
}

function open(port: number): Promise<ChannelModel> {
  return connect(`amqp://guest:guest@127.0.0.1:${port}?heartbeat=0`, { noDelay: true });
}

async function startBroker({ port, folder }: Work, launch: Launch): Promise<Broker> {
  const [distributionPort, mapperPort] = [await freePort(), await freePort()];
  const environment = environmentOf(port, folder, distributionPort, mapperPort);
  // The port mapper of Erlang, in the foreground, so that none is left behind as a daemon.
  const mapper = await BrokerProgram.start({
    command: findProgram('epmd') ?? 'epmd',
    args: ['-address', '127.0.0.1', '-port', String(mapperPort)],
    port: mapperPort,
    environment,
    isPinned: launch.isPinned,
  });
  try {
    const command = findProgram(NEEDS.program) ?? NEEDS.program;
    const server = await BrokerProgram.start({ command, args: [], port, environment, ...launch });
    return {
      cpuMicros: () => server.cpuMicros(),
      memoryBytes: () => server.memoryBytes(),
      stop: async () => {
        await server.stop();
        await mapper.stop();
      },
    };
  } catch (error) {
    await mapper.stop();
    throw error;
  }
}

function environmentOf(
  port: number,
  folder: string,
  distributionPort: number,
  mapperPort: number,
): Record<string, string> {
  const configuration = `${folder}/rabbitmq.conf`;
  const plugins = `${folder}/enabled_plugins`;
  mkdirSync(`${folder}/mnesia`);
  writeFileSync(plugins, '[].');
  writeFileSync(
    configuration,
    [
      `listeners.tcp.1 = 127.0.0.1:${port}`,
      'log.console = false',
      'vm_memory_high_watermark.relative = 0.8',
      'disk_free_limit.absolute = 1GB',
      '',
    ].join('\n'),
  );
  return {
    HOME: folder,
    RABBITMQ_NODENAME: `bench${port}@localhost`,
    RABBITMQ_BASE: folder,
    RABBITMQ_MNESIA_BASE: `${folder}/mnesia`,
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_CONFIG_FILE: configuration,
    RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
    RABBITMQ_PID_FILE: `${folder}/pid`,
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(mapperPort),
    ERL_MAX_PORTS: '20000',
  };
}
