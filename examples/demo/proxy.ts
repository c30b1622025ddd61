/** The network of the demo: a proxy that misbehaves on purpose, in a process of its own. */
import { startProxy, type ProxyOptions } from '@wilco/testkit/proxy';
import { childSettings, report, reportProgress, reportWhenStopped } from './child-report.ts';

const proxy = await startProxy(childSettings() as ProxyOptions);

function counts(): Record<string, number> {
  const { connections, faultsInFlight } = proxy.counts;
  return { connections, ...faultsInFlight };
}

reportProgress(counts);
reportWhenStopped(async () => {
  const last = counts();
  await proxy.close();
  return last;
});
report({ type: 'ready', port: proxy.address.port });
