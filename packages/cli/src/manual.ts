/** What stands below the options in `--help`, so that it is the whole manual. */

export const MANUAL = `
Exit codes:
  0    everything was done: for send, every line was handled
  1    something was not: a line, a connection, a disk
  2    the command line is wrong; nothing was begun
  128+ ended by a signal (130 SIGINT, 143 SIGTERM, 141 nobody reads standard output); listen and
       proxy end with 0 at the first signal, because that is how they are meant to end

A first try, in two terminals:
  $ wilco listen --port 7411
  $ printf '{"order":1}\\n{"order":2}\\n' | wilco send --to :7411

Environment:
  WILCO_TOKEN       the token that proves who a client is; a file of it: --token-file
  WILCO_TOKEN_FILE  as --token-file
  NO_COLOR          no colours
A token is no option of its own, because every user of a machine can read its command lines.

Each command has a manual of its own: wilco send --help
`;

export const SEND_MANUAL = `
Lines:
  A message is one line of JSON, and its body is the bytes of that line, as they are: big integers
  and the order of keys arrive untouched. Lines end with LF or CR LF; the last one needs no end.
  Empty lines are counted and left out. A line that is not JSON, or longer than --max-message, is
  named with its number, counts as rejected, and stops nothing else.
  The input is read as fast as the peer takes it: a file of any size needs the same memory.

Receipts, one line of JSON for each line of the input, in the order in which they are settled:
  {"line":0,"id":"…","outcome":"handled","reason":null,"attempts":1,"ms":1.2}
  line      its number in the input, from 0 (FILE:N in messages counts from 1, as editors do)
  id        the message id, also told to the receiver; null for a line that was never sent
  outcome   handled    the peer's handler is done: wilco listen has written the line
            rejected   the peer refused it, or it is not JSON; the reason says why
            expired    no handler took it within --ttl
            cancelled  certainly not handled: withdrawn, or never written
            in-doubt   perhaps handled; nobody can know
            left       kept in the store for the next run
  reason    why it was not handled: a code, and words; null where it was
  attempts  how often it was put on a connection
  ms        from reading it until it was settled
  --receipts begins the file anew, unless there is a --store.

With --store DIR a line counts as taken when it is on the disk, and survives the end of this process,
kill -9 as well, and loss of power. Started again with the same words, it first settles what an
earlier run has left, and goes on in the file where that one ended: the place is kept in the same
commit as the message of the line, so no line is left out or taken twice. A file that has grown since
is continued; one that begins otherwise, or is shorter, is another file. Of standard input it keeps
what it had taken. Whether a line is handled twice is up to the listener as well: with a store of its
own and --out FILE it writes each once; without a store, one that is killed has forgotten what it
had, and --when-lost decides. A store that is lost, damaged or an old copy is found and told, and
--when-lost decides again.
Receipts are then added to --receipts FILE, over all runs. Lines go to the disk as fast as that
takes them (up to 1 GiB), not as fast as the peer does.

When the connection is lost, it is made again and the session goes on: nothing is lost or doubled.
When the peer lost its memory, lines that it may have handled are sent again, marked "resent"
(--when-lost resend), or are in doubt (--when-lost in-doubt).

Signals: at SIGINT or SIGTERM no more lines are read, what is in flight has the time of --drain to
settle, then the rest is told and the exit code is 128 plus the signal. A second signal ends it at
once.

With --json the summary is one object on standard output, and the log is JSON as well.

Examples:
  wilco send --to orders.example:7411 --insecure orders.ndjson --receipts receipts.ndjson
  wilco send --to :7411 --store ./outbox orders.ndjson        kill it, start it again: it goes on
  tail -f app.log.json | wilco send --to unix:/run/collect.sock
  jq -r 'select(.outcome != "handled") | .line' receipts.ndjson
`;

export const LISTEN_MANUAL = `
Output, one line for each message:
  {"session":"…","seq":1,"id":"…","type":"json","redelivered":false,"body":{"order":1}}
  session      the session it came through, which outlives connections
  seq          its place in that session, from 1
  id           the message id, the same as in the sender's receipts
  redelivered  a handler was started on it before a restart of this listener
  resent       true, and only there, where an earlier copy may have been handled in a session that
               was lost: by a listener that was killed, for example
  body         the bytes that the sender wrote, as they are

When a message counts as handled: when its line was taken by standard output or by the file. That
is, by the system: after a crash of the whole machine the last lines of a file may be gone, unless
--sync is given, which waits for the disk (lines that come together wait together).
A reader that is slow slows the senders down; nothing piles up here.

With --store DIR what the senders were told is received survives the end of this process, and loss
of power. With --out FILE as well, each line is in the file once, in order, whenever this process is
killed: how long the file is stands in the same commit as the mark that the message is handled, and
what was written beyond it is cut off at the next start (each line is on the disk first, as with
--sync). That holds for senders with a --store, killed or not, and for those without one as long as
they live. It does not hold where a store is lost, damaged or an old copy: that is found and told, and
lines of then are sent again, marked "resent", or are in doubt, as their sender chose. Lines that are
printed may come twice after a crash, the second time with "redelivered":true. The file belongs to its
store: where it has become shorter than what counts as handled, listen says so and does not begin.
A body that is not JSON is rejected, and so is a message of another type.

Signals: at SIGINT or SIGTERM clients are told to come back later, what is in flight has the time
of --drain to settle, and the exit code is 0. A second signal ends it at once. When nobody reads
standard output any more it ends like any Unix tool (141), and what was not written is not handled.

A token (WILCO_TOKEN or --token-file) lets in only clients that show the same.

Examples:
  wilco listen --port 7411 | jq -c .body
  wilco listen --port 7411 --host 0.0.0.0 --insecure --out orders.ndjson --sync
  wilco listen --port 7411 --store ./inbox --out orders.ndjson
`;

export const PING_MANUAL = `
Opens a session of its own, measures round trips through the server's protocol layer, and ends the
session. No message is sent and no handler is called.

Steps: connect (name, route, port, TLS), opening (protocol, version, token), round trips. Where it
stops it says at which of them, why, and what can be done. The exit code is 0 where all were done.

Examples:
  wilco ping orders.example:7411 --insecure
  wilco ping :7411 -c 100 -i 0s --json
`;

export const PROXY_MANUAL = `
Prints a line for each fault on standard output, and what it all came to at the end. Gaps are drawn
between half and one and a half times <gap>; pauses in the traffic hardly count, and a fault waits
until a message is in flight, unless --idle is given. The same seed draws the same gaps.

Examples:
  wilco proxy --listen 7412 --to :7411 --cut-every 2s --stall 5s --stall-for 3s --seed 7
  wilco proxy --listen 7412 --to :7411 --delay 200ms --dribble 10
`;

export const STORE_MANUAL = `
It works while the owner of the store is stopped; while it runs, every command says so and ends with
1. inspect, list and verify change nothing of what the store holds. The owner of a folder is the
wilco listen, wilco send or program that was given it. Exit codes: 1 also where verify found
something, where nothing was meant by what was given, and for purge without --yes.

At three in the morning:
  $ wilco store inspect ./outbox              how much is pending, since when, for whom, why
  $ wilco store list ./outbox --type orders   each message, and what it waits for
  $ wilco store list ./inbox --dead           what its handlers failed at, again and again
  $ wilco store verify ./inbox                is anything missing, or wrong?
Each has a manual of its own: wilco store purge --help
`;

export const STORE_MANUALS = {
  inspect: `
Of each session with work: who is at the other end, how much is to be sent and to be handled, since
when, and what the first message waits for, which the others are behind. That is what the store
knows: how far a message had come when its owner ended.

Examples:
  wilco store inspect ./outbox
  wilco store inspect ./outbox --json | jq .sessions
`,
  list: `
Messages stand in their order, channel by channel: those that the owner has to send, then those that
it has to handle. With --json each is a line, and of a dead letter the body is there, as base64.

Examples:
  wilco store list ./outbox --type orders --limit 0
  wilco store list ./inbox --dead --json | jq -r .id
`,
  verify: `
Reads every record: its checksum, whether any is missing between the first and the last, and whether
the store is as new as it once was (the file witness knows). Each finding is a line. It repairs
nothing, and guesses nothing: what is damaged counts as lost, and both sides are told, at the next
start of the owner.
`,
  requeue: `
A dead letter is a message on which handlers were started as often as is allowed, and none finished.
Its sender was told that it was rejected, and is told nothing more. At the next start of the owner
handlers are started on it again, marked as redelivered, as often as on a new message.

Examples:
  wilco store requeue ./inbox order-1714
  wilco store requeue ./inbox --type orders
  wilco store requeue ./inbox --all
`,
  purge: `
--dead     the letters are gone for good. Their senders were told long ago that they were rejected.
--pending  what waits to be sent is not dropped behind anybody's back: its time to live ends now, and
           its owner settles it at its next start. It may have been written, so it is asked back
           from the peer: then it is expired, or its true end is told; without an answer, and beyond
           the first thousand or so of a channel, it is in doubt. Receipts, also kept ones, say so.
What waits to be handled can not be purged: its sender was told that it is here. Let the handler
reject it.

Examples:
  wilco store purge ./inbox --dead order-1714 --yes
  wilco store purge ./outbox --pending --type orders           says what would be lost
  wilco store purge ./outbox --pending --type orders --yes
`,
} as const;

export const COMPLETION_MANUAL = `
Examples:
  eval "$(wilco completion bash)"                                 in ~/.bashrc
  eval "$(wilco completion zsh)"                                  in ~/.zshrc, after compinit
  wilco completion fish > ~/.config/fish/completions/wilco.fish
`;
