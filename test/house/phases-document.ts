/** A table of transitions: phase, event, next phase. */
type Transitions = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A state diagram of a table of transitions, with one arrow for all events between two phases. */
export function phasesDocument(transitions: Transitions): string {
  const [first = ''] = Object.keys(transitions);
  const arrows = Object.entries(transitions).flatMap(([phase, row]) =>
    [...new Set(Object.values(row))].map((next) => {
      const events = Object.keys(row).filter((event) => row[event] === next);
      return `  ${phase} --> ${next}: ${events.join(', ')}`;
    }),
  );
  const lines = ['stateDiagram-v2', '  direction LR', `  [*] --> ${first}`, ...arrows];
  return ['', '```mermaid', ...lines, '```', '', ''].join('\n');
}
