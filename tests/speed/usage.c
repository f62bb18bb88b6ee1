/* SPDX-License-Identifier: BSD-2-Clause */
/* usage FILE COMMAND…: runs COMMAND with this standard input and output, and leaves in FILE what it
 * cost: {"status":0,"cpu_ms":12.3,"peak_kib":9000}. A process of its own, since a child's peak
 * memory counts that of the process that forked it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

static void
on_signal(int number)
{
	kill(child, number);
}

static double
milliseconds(struct timeval time)
{
	return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

int
main(int argc, char **argv)
{
	struct sigaction forward = {.sa_handler = on_signal};
	struct rusage used;
	int status;
	FILE *file;

	if (argc < 3) {
		fprintf(stderr, "usage: %s FILE COMMAND [ARGUMENT…]\n", argv[0]);
		return 2;
	}
	child = fork();
	if (child == 0) {
		execvp(argv[2], argv + 2);
		fprintf(stderr, "%s: %s\n", argv[2], strerror(errno));
		_exit(127);
	}
	sigaction(SIGTERM, &forward, NULL);
	sigaction(SIGINT, &forward, NULL);
	while (wait4(child, &status, 0, &used) < 0)
		if (errno != EINTR)
			return 1;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	file = fopen(argv[1], "w");
	if (file == NULL) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	fprintf(file, "{\"status\":%d,\"cpu_ms\":%.3f,\"peak_kib\":%ld}\n", status,
	    milliseconds(used.ru_utime) + milliseconds(used.ru_stime), used.ru_maxrss);
	return fclose(file) == 0 ? status : 1;
}
