#pragma once

#include <spawn.h>

/// Makes a process that is started close all open files from a number on. Swift does not see glibc's function.
int millrace_spawn_close_from(posix_spawn_file_actions_t *actions, int first);
