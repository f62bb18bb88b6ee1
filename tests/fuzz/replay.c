/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a harness over a corpus without a fuzzer: every file, then every file cut short. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#define INPUT_MAX (2 * 1024 * 1024) /* bytes of one file */
#define CUTS_MAX 512		    /* lengths tried of one file besides the whole */

static unsigned long inputs, runs;

/* The copy ends where the input ends, so that a sanitizer sees the first byte read past it. */
static void
run(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (copy == NULL)
		abort();
	if (len > 0)
		memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(len > 0 ? copy : NULL, len);
	free(copy);
	runs++;
}

static int
replay_file(const char *path)
{
	uint8_t *data = malloc(INPUT_MAX);
	FILE *file = fopen(path, "rb");
	size_t len, step;

	if (data == NULL || file == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		free(data);
		return 1;
	}
	len = fread(data, 1, INPUT_MAX, file);
	if (ferror(file) || !feof(file)) {
		fprintf(
		    stderr, "%s: cannot be read, or is larger than %d bytes\n", path, INPUT_MAX);
		fclose(file);
		free(data);
		return 1;
	}
	fclose(file);
	run(data, len);
	step = len / CUTS_MAX + 1;
	for (size_t cut = 0; cut < len; cut += step)
		run(data, cut);
	inputs++;
	free(data);
	return 0;
}

static int
replay_folder(const char *path, DIR *folder)
{
	const struct dirent *entry;
	char file[4096];
	int failed = 0;

	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if ((size_t)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name) >=
		    sizeof(file))
			return 1;
		failed |= replay_file(file);
	}
	return failed;
}

int
main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);

		if (folder == NULL) {
			failed |= replay_file(argv[i]);
			continue;
		}
		failed |= replay_folder(argv[i], folder);
		closedir(folder);
	}
	printf("%lu inputs, %lu runs\n", inputs, runs);
	if (inputs == 0)
		fprintf(stderr, "No corpus file was given\n");
	return failed != 0 || inputs == 0;
}
