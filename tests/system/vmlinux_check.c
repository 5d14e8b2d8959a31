// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Compares vmlinux/vmlinux.h with the running kernel's BTF: the kernel must have every type in it, with every field,
 * and every number must have the same size. Takes an object that was compiled with one variable of each type.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct comparison {
	const struct btf *ours;
	const struct btf *kernel;
	int fields;
	int failures;
};

static const struct btf_type *strip_typedefs(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (btf_is_mod(type) || btf_is_typedef(type))
		type = btf__type_by_id(btf, type->type);
	return type;
}

/* Finds the member of that name, also inside an anonymous struct or union. */
static const struct btf_member *find_member(const struct btf *btf, const struct btf_type *type, const char *name)
{
	const struct btf_member *members = btf_members(type);

	for (int i = 0; i < btf_vlen(type); i++) {
		const char *member = btf__name_by_offset(btf, members[i].name_off);
		const struct btf_type *inner = strip_typedefs(btf, members[i].type);
		const struct btf_member *found;

		if (*member && strcmp(member, name) == 0)
			return &members[i];
		if (*member || !btf_is_composite(inner))
			continue;
		found = find_member(btf, inner, name);
		if (found)
			return found;
	}
	return NULL;
}

static void check_member(struct comparison *comparison, const char *owner, const struct btf_member *ours,
			 const struct btf_type *theirs)
{
	const char *name = btf__name_by_offset(comparison->ours, ours->name_off);
	const struct btf_member *found = find_member(comparison->kernel, theirs, name);
	__s64 our_size, their_size;

	comparison->fields++;
	if (!found) {
		printf("vmlinux.h: %s.%s is not in this kernel\n", owner, name);
		comparison->failures++;
		return;
	}
	if (btf_is_composite(strip_typedefs(comparison->ours, ours->type)))
		return; /* ours is trimmed, so smaller */
	our_size = btf__resolve_size(comparison->ours, ours->type);
	their_size = btf__resolve_size(comparison->kernel, found->type);
	if (our_size != their_size) {
		printf("vmlinux.h: %s.%s has %lld bytes here, %lld in this kernel\n", owner, name, (long long)our_size,
		       (long long)their_size);
		comparison->failures++;
	}
}

static void check_type(struct comparison *comparison, const struct btf_type *type, const char *name, __u32 kind)
{
	int id = btf__find_by_name_kind(comparison->kernel, name, kind);
	const struct btf_type *ours = type, *theirs;

	if (kind == BTF_KIND_TYPEDEF) {
		ours = strip_typedefs(comparison->ours, type->type);
		if (!btf_is_composite(ours)) /* a number: __u32 and the like */
			return;
	}
	if (id < 0) {
		printf("vmlinux.h: %s is not in this kernel\n", name);
		comparison->failures++;
		return;
	}
	theirs = strip_typedefs(comparison->kernel, (__u32)id);
	for (int i = 0; i < btf_vlen(ours); i++)
		check_member(comparison, name, &btf_members(ours)[i], theirs);
}

int main(int argc, char **argv)
{
	struct comparison comparison = {0};

	if (argc != 2) {
		fprintf(stderr, "usage: vmlinux_check OBJECT\n");
		return 2;
	}
	comparison.ours = btf__parse_elf(argv[1], NULL);
	comparison.kernel = btf__load_vmlinux_btf();
	if (!comparison.ours || libbpf_get_error(comparison.ours) || !comparison.kernel ||
	    libbpf_get_error(comparison.kernel)) {
		fprintf(stderr, "vmlinux_check: no BTF in %s, or none of the kernel: %s\n", argv[1], strerror(errno));
		return 1;
	}
	for (__u32 id = 1; id < btf__type_cnt(comparison.ours); id++) {
		const struct btf_type *type = btf__type_by_id(comparison.ours, id);
		const char *name = btf__name_by_offset(comparison.ours, type->name_off);

		if (*name && (btf_is_struct(type) || btf_is_typedef(type)))
			check_type(&comparison, type, name, btf_kind(type));
	}
	printf("vmlinux_check: %d fields, %d wrong\n", comparison.fields, comparison.failures);
	return comparison.failures || comparison.fields == 0;
}
