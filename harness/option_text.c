/* option_text.c - what --help says, for someone who has never seen this.
 *
 * Each text answers, in this order: what it is for, what to type, what the
 * options do, and one example that works in the project's own folder.
 */
#include "option_text.h"

#include "scenario_key.h"

static const char program_text[] =
	"ipcmark - which way of passing messages between processes is fast and "
	"safe here?\n"
	"\n"
	"It measures mmapipc's ring and queue beside pipes, sockets, POSIX "
	"message\n"
	"queues and others, checks every message, kills processes on purpose, "
	"and\n"
	"writes one file from which all tables, figures and comparisons are "
	"made.\n"
	"\n"
	"  ipcmark run FILE...     measure what the scenario files describe\n"
	"  ipcmark plan FILE...    show what would be measured, and how long\n"
	"  ipcmark show RESULT     a result as a table\n"
	"  ipcmark plot RESULT     a result as figures\n"
	"  ipcmark compare RESULT --of KEY=VALUE --to KEY=VALUE\n"
	"                          how much faster one thing is than another\n"
	"  ipcmark inspect NAME    who uses a ring or queue, and what it "
	"holds\n"
	"  ipcmark topo            this machine's CPUs, and how far apart they "
	"are\n"
	"  ipcmark env             how quiet this machine is, and what to "
	"mend\n"
	"  ipcmark tune FILE --goal GOAL\n"
	"                          which settings are the best for that\n"
	"  ipcmark list            the transports, and which can run here\n"
	"  ipcmark conform TRANSPORT\n"
	"                          does it keep what a transport promises?\n"
	"  ipcmark help WHAT       more about a command, or about `scenario`\n"
	"  ipcmark --version\n"
	"\n"
	"A RESULT is a result.json or the folder that holds it. For a start:\n"
	"\n"
	"  ipcmark run scenarios/demo.ini\n"
	"\n"
	"Exit code: 0 good; 2 wrong usage or scenario; 4 messages lost, "
	"doubled,\n"
	"reordered or damaged; 5 no recovery from a kill, or too late; 77 "
	"nothing\n"
	"could run here.\n";

static const char run_text[] =
	"ipcmark run FILE... [-o DIR] [--set SECTION.KEY=VALUE]... [--short] "
	"[--no-plot]\n"
	"            [--resume] [--dry-run]\n"
	"\n"
	"Measures every case of the scenario files in interleaved rounds, "
	"writes\n"
	"DIR/result.json, shows it as a table and draws its figures.\n"
	"\n"
	"  -o, --output DIR           where results go; made when missing\n"
	"                             [results/NAME for NAME.ini]\n"
	"  --set SECTION.KEY=VALUE    as if the file said so; SECTION global: "
	"for all\n"
	"                             sections that do not say otherwise\n"
	"  --short                    2 rounds of 10 ms and 3 kills: does it "
	"work at all?\n"
	"                             Its figures mean nothing\n"
	"  --no-plot                  table and result only\n"
	"  --resume                   go on with the run in DIR that was "
	"killed "
	"or\n"
	"                             interrupted, after its last whole round\n"
	"  --dry-run                  show the plan and stop; nothing is "
	"written\n"
	"\n"
	"Example, with half as many rounds as the file says:\n"
	"\n"
	"  ipcmark run scenarios/demo.ini -o /tmp/demo --set "
	"global.rounds=5\n";

static const char plan_text[] =
	"ipcmark plan FILE... [--set SECTION.KEY=VALUE]... [--short]\n"
	"\n"
	"Shows every case that `run` would measure, on which CPUs, which cases "
	"cannot\n"
	"run here and why, and about how long it takes. Runs nothing.\n"
	"\n"
	"  --set SECTION.KEY=VALUE    as for run\n"
	"  --short                    as for run\n"
	"\n"
	"Example:\n"
	"\n"
	"  ipcmark plan scenarios/demo.ini --set "
	"throughput.msg_size=8..1Mi*8\n";

static const char show_text[] =
	"ipcmark show RESULT [--cost | --markdown | --csv | --json] [--hdr "
	"DIR]\n"
	"             [--without-disturbed]\n"
	"\n"
	"Shows a result as tables: the machine, rates with their intervals, "
	"round\n"
	"trips, recoveries, and every case that was skipped or went wrong, "
	"with the\n"
	"reason.\n"
	"\n"
	"  --cost       and what a message costs: CPU time, context switches "
	"(waits and\n"
	"               preemptions), page faults, and cycles, instructions "
	"and "
	"misses of\n"
	"               the last-level cache where the kernel gives them\n"
	"  --markdown   the tables for a README or an issue\n"
	"  --csv        a line a case, for a spreadsheet\n"
	"  --json       all of it, checked; docs/result.schema.json describes "
	"it\n"
	"  --hdr DIR    besides: every histogram into DIR, as an HdrHistogram "
	"log\n"
	"               (.hlog) and as a table of percentiles (.hgrm)\n"
	"  --without-disturbed\n"
	"               leave out slices during which the host took CPU time, "
	"or a\n"
	"               worker was moved to another CPU\n"
	"\n"
	"Example:\n"
	"\n"
	"  ipcmark show results/demo\n"
	"  ipcmark show results/demo --csv >demo.csv\n";

static const char plot_text[] =
	"ipcmark plot RESULT [-o DIR]\n"
	"\n"
	"Draws a result's figures as SVG and PNG, beside each the .tsv with "
	"its "
	"numbers\n"
	"and the .gp that made it. Without gnuplot those two are written all "
	"the same.\n"
	"\n"
	"  -o, --output DIR    where figures go [the result's folder]\n"
	"\n"
	"Example:\n"
	"\n"
	"  ipcmark plot results/demo -o /tmp/figures\n";

static const char compare_text[] =
	"ipcmark compare RESULT --of KEY=VALUE --to KEY=VALUE [--where "
	"KEY=VALUE]...\n"
	"                [--json] [--without-disturbed]\n"
	"\n"
	"How many times faster is one than the other? The ratio is taken in "
	"each round,\n"
	"where both met the same machine, for every pair of cases that differ "
	"in\n"
	"nothing else; shown are the median and its 95 % interval.\n"
	"\n"
	"  --of KEY=VALUE       what is compared ...\n"
	"  --to KEY=VALUE       ... with what; above 1: the first is faster\n"
	"  --where KEY=VALUE    only cases for which this holds; may be "
	"repeated\n"
	"  --json               for a program to read\n"
	"  --without-disturbed  as for show\n"
	"\n"
	"KEY is a key of a case in result.json: transport, msg_size_bytes, "
	"batch,\n"
	"producers, consumers, placement, wait, section, mode, id.\n"
	"\n"
	"Example:\n"
	"\n"
	"  ipcmark compare results/demo --of transport=ring --to "
	"transport=pipe \\\n"
	"      --where section=throughput\n";

static const char inspect_text[] =
	"ipcmark inspect NAME [--json]\n"
	"\n"
	"Shows the state of a ring, a queue or a shared memory of mmapipc: how "
	"full it\n"
	"is, who is attached and alive, who holds a lock or leases and for how "
	"long.\n"
	"Only looks: it changes nothing and holds nobody up, and works when "
	"all users\n"
	"are dead.\n"
	"\n"
	"  --json    for a program to read\n"
	"\n"
	"NAME is as its users give it: a name without '/' is in /dev/shm, one "
	"with is a\n"
	"path. /proc/PID/fd/N is memory without a name.\n"
	"\n"
	"Example:\n"
	"\n"
	"  ipcmark inspect jobs --json\n";

static const char topo_text[] =
	"ipcmark topo [--json] [--plot FILE]\n"
	"\n"
	"Shows what the machine says of its CPUs beside what a probe found: "
	"how long a\n"
	"cache line takes from each CPU to each other one and back, looked at "
	"twice. Where\n"
	"the two disagree, or the looks do, it says so. Ends with the noise "
	"grade of `env`.\n"
	"\n"
	"  --json         for a program to read\n"
	"  --plot FILE    draw it as a heat map, FILE.svg or FILE.png\n"
	"\n"
	"Example:\n"
	"\n"
	"  ipcmark topo --plot /tmp/distance.svg\n";

static const char environment_text[] =
	"ipcmark env [--json]\n"
	"\n"
	"Shows what a measurement should know of this machine, and grades how "
	"quiet it is:\n"
	"A nothing to complain of, B trifles, C one thing that moves figures, "
	"D "
	"several, or\n"
	"one that drowns them. Each complaint has its remedy. A run notes the "
	"same.\n"
	"\n"
	"  --json    all facts, for a program to read\n"
	"\n"
	"Example:\n"
	"\n"
	"  ipcmark env\n";

static const char tune_text[] =
	"ipcmark tune FILE --goal GOAL [--budget TIME] [-o DIR] [--json]\n"
	"             [--set SECTION.KEY=VALUE]...\n"
	"\n"
	"Searches the settings of the one section of FILE for the best. Those "
	"that it\n"
	"gives as lists are tried, and of capacity, batch, wait, placement and "
	"access,\n"
	"where it says nothing, what is usual. All take turns in rounds; the "
	"worse are\n"
	"dropped, the rest gets more rounds. Shows the settings as a section, "
	"how sure\n"
	"they are, and all that was tried.\n"
	"\n"
	"  --goal GOAL                'max throughput'\n"
	"                             'min p99 at 200k': latency at so many "
	"messages/s\n"
	"                             'min cpu under p99 50us': CPU time per "
	"message at\n"
	"                             the scenario's rate, or '... at 200k'\n"
	"  --budget TIME              how long it may take [60s or more]\n"
	"  -o, --output DIR           keep all of it as DIR/tune.json\n"
	"  --json                     for a program to read\n"
	"  --set SECTION.KEY=VALUE    as for run\n"
	"\n"
	"Example, with stream.ini of three lines, [stream], transport = ring, "
	"queue\n"
	"and msg_size = 256:\n"
	"\n"
	"  ipcmark tune stream.ini --goal 'min p99 at 100k' --budget 120s\n";

static const char list_text[] =
	"ipcmark list\n"
	"\n"
	"Shows every transport: its name for a scenario, what it is, what it "
	"can do,\n"
	"and whether it can run on this machine.\n"
	"\n"
	"Example, one line each:\n"
	"\n"
	"  ipcmark list | grep -v '^ '\n";

static const char conform_text[] =
	"ipcmark conform TRANSPORT\n"
	"\n"
	"Holds one transport to everything that <ipcmark/transport.h> "
	"promises: "
	"every\n"
	"size, order, batches, waiting with and without a time-out, several "
	"workers,\n"
	"peers that leave or are killed. For one of your own, plugin:FILE, and "
	"for those\n"
	"that `ipcmark list` shows. Exit code: 0 kept; 4 broken; 77 cannot run "
	"here.\n"
	"\n"
	"Example:\n"
	"\n"
	"  ipcmark conform plugin:./mine.so\n";

static const char version_text[] = "ipcmark --version\n"
				   "\n"
				   "Shows the version of ipcmark.\n"
				   "\n"
				   "Example:\n"
				   "\n"
				   "  ipcmark --version\n";

static const char scenario_text[] =
	"A scenario is an INI file: sections of 'key = value', comments after "
	"; or #.\n"
	"Each section is one experiment; where a key has several values, all "
	"their\n"
	"combinations are measured.\n"
	"\n"
	"  [global]\n"
	"  rounds    = 20              ; for every section, wherever it "
	"stands\n"
	"\n"
	"  [throughput]\n"
	"  transport = ring, pipe      ; a comma list is an axis of the sweep; "
	"after a\n"
	"                              ; comma it may go on in the next line\n"
	"  msg_size  = 8..64Ki*2       ; 8, 16, 32 ... 64 KiB\n"
	"  producers = 1..7/3          ; three values: 1, 4, 7; as does "
	"1..7+3\n"
	"\n"
	"  [answers]\n"
	"  inherit   = throughput      ; its keys, where this section gives "
	"none\n"
	"  mode      = roundtrip\n"
	"  msg_size  = ${SIZE:-64}     ; from the environment, with a default\n"
	"\n"
	"include = FILE before the first section reads another file. A section "
	"[_name]\n"
	"is only inherited from. zip = KEY, KEY makes lists go in step instead "
	"of every\n"
	"value with every other. Several files make one run; each [global] is "
	"for its\n"
	"own file's sections.\n"
	"\n"
	"k, M, G are powers of 1000, Ki, Mi, Gi of 1024. A time has its unit: "
	"ns, us,\n"
	"ms, s. `kill` or `kills` make a section a crash section, `rate` or "
	"`burst` an\n"
	"open one. Keys, [default]:\n"
	"\n";

static const char *const texts[COMMAND_COUNT] = {
	[COMMAND_RUN] = run_text,
	[COMMAND_PLAN] = plan_text,
	[COMMAND_SHOW] = show_text,
	[COMMAND_PLOT] = plot_text,
	[COMMAND_COMPARE] = compare_text,
	[COMMAND_INSPECT] = inspect_text,
	[COMMAND_TOPO] = topo_text,
	[COMMAND_ENV] = environment_text,
	[COMMAND_TUNE] = tune_text,
	[COMMAND_LIST] = list_text,
	[COMMAND_CONFORM] = conform_text,
	[COMMAND_HELP] = program_text,
	[COMMAND_VERSION] = version_text,
};

void option_text_command(enum command command, FILE *out)
{
	fputs(texts[command], out);
}

void option_text_scenario(FILE *out)
{
	fputs(scenario_text, out);
	scenario_keys_print(out);
}
