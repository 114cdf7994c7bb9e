#define _GNU_SOURCE
#include "BenchCeiling.h"
#include "ceiling.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: millrace-bench ceiling risk|passthrough|restore --bootstrap HOST:PORT --input TOPIC --group NAME --events N\n"
    "           [--output TOPIC] [--changelog TOPIC] [--state DIR] [--exactly-once] [--write-behind] [--commit-ms MS]\n"
    "\n"
    "Does by hand what millrace-bench has Millrace do, and prints what it took as a line of JSON.\n";

static const char *const names[] = {"bootstrap", "input", "output", "changelog", "group", "state"};

int bench_ceiling(int count, char **arguments) {
    struct options options = {.output = "none", .commit_ms = 100};
    const char **texts[] = {&options.bootstrap, &options.input, &options.output,
                            &options.changelog, &options.group, &options.state};
    struct option flags[11] = {0};
    for (int i = 0; i < 6; i++) flags[i] = (struct option){names[i], required_argument, NULL, i};
    flags[6] = (struct option){"events", required_argument, NULL, 'n'};
    flags[7] = (struct option){"commit-ms", required_argument, NULL, 'c'};
    flags[8] = (struct option){"exactly-once", no_argument, NULL, 'e'};
    flags[9] = (struct option){"write-behind", no_argument, NULL, 'w'};
    for (int flag; (flag = getopt_long(count, arguments, "", flags, NULL)) != -1;) {
        switch (flag) {
        case 'n': options.events = atoll(optarg); break;
        case 'c': options.commit_ms = atoll(optarg); break;
        case 'e': options.exactly_once = true; break;
        case 'w': options.write_behind = true; break;
        case 0 ... 5: *texts[flag] = optarg; break;
        default: fputs(usage, stderr); return 2;
        }
    }
    if (optind != count - 1 || !options.bootstrap || !options.input || !options.group || options.events < 1) {
        fputs(usage, stderr);
        return 2;
    }
    options.workload = arguments[optind];
    if (strcmp(options.workload, "risk") == 0 && options.changelog && options.state) {
        run_risk(&options);
    } else if (strcmp(options.workload, "passthrough") == 0) {
        run_passthrough(&options);
    } else if (strcmp(options.workload, "restore") == 0 && options.state) {
        run_restore(&options);
    } else {
        fputs(usage, stderr);
        return 2;
    }
    return 0;
}
