#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What --json prints, its schema, and savetool-json(5) have the same keys and
# words.

top=${top_srcdir:-$BATS_TEST_DIRNAME/../..}
schema=$top/man/savetool.schema.json
page=$top/man/savetool-json.5

# Keys that the program gives to a report, or puts into an object.
printed_keys()
{
	cat "$top"/cmd/*.c | tr -s '[:space:]' ' ' | grep -oE '(report_(section|table|text|flag|number|bytes|words|document)|show_some|show_fit|put_(text|number|flag)|json_object_object_add)\( ?[^,"]+, ?("[a-z0-9-]+"|[^,":]+\? ?"[a-z0-9-]+" ?: ?"[a-z0-9-]+")' |
		grep -oE '"[^"]+"' | tr -d '"' | sort -u
}

schema_keys()
{
	jq -r '.. | .properties? // empty | keys[]' "$schema" | sort -u
}

# Words that the page marks as such, or lists.
page_keys()
{
	grep -E '^\.(It )?Cm ' "$page" | grep -oE '[a-z][a-z0-9-]+' | sort -u
}

@test "there are keys" {
	[ "$(printed_keys | grep -c .)" -ge 60 ]
	printed_keys | grep -qx would-repair
	[ "$(schema_keys | grep -c .)" -ge 60 ]
}

@test "every key that is printed is in the schema" {
	run comm -23 <(printed_keys) <(schema_keys)
	[ -z "$output" ] || { echo "$output"; return 1; }
}

@test "every key of the schema is in savetool-json(5)" {
	run comm -23 <(schema_keys) <(page_keys)
	[ -z "$output" ] || { echo "$output"; return 1; }
}

@test "every key is in kebab-case" {
	run grep -vxE '[a-z]+[0-9]*(-[a-z0-9]+)*' <(schema_keys)
	[ -z "$output" ] || { echo "$output"; return 1; }
}

@test "every key of the schema has a type and a meaning" {
	run jq -r '.. | .properties? // empty | to_entries[] |
		select((.value | has("$ref") or
			((has("type") or has("enum") or has("const")) and
			(has("description") or .type == "object"))) | not) |
		.key' "$schema"
	[ -z "$output" ] || { echo "$output"; return 1; }
}

@test "the schema has the finding codes of savetool-formats(5)" {
	diff <(jq -r '."$defs"."finding-code".enum[]' "$schema" | sort) \
		<(sed -n '/^\.Sh FINDINGS/,/^\.Sh FILES/s/^\.It Cm \(.*\) Pq .*/\1/p' \
			"$top/man/savetool-formats.5" | sed 's/ , /\n/g' | sort)
}

@test "savetool-check(1) lists every finding code" {
	diff <(jq -r '."$defs"."finding-code".enum[]' "$schema" | sort) \
		<(sed -n '/^\.Sh FINDINGS/,/^\.Sh EXIT/s/^\.It Cm //p' \
			"$top/man/savetool-check.1" | sed 's/ , /\n/g' | sort)
}

@test "the schema has the types of savetool-map(1)" {
	diff <(jq -r '."$defs".extent.properties.type.enum[]' "$schema" |
		sort) <(sed -n '/^\.It Cm leading/,/^\.El/s/^\.It Cm //p' \
			"$top/man/savetool-map.1" | sort)
}

@test "the schema has the formats of the program" {
	local format

	for format in $(jq -r '."$defs".format.enum[]' "$schema"); do
		run "$SAVETOOL" convert -O "$format" /nonexistent \
			"$BATS_TEST_TMPDIR/out"
		[ "$status" -eq 3 ]
	done
}

@test "every command has a definition, and the page a section" {
	local command commands

	commands=$("$SAVETOOL" --commands)
	[ -n "$commands" ]
	for command in $commands; do
		jq -e --arg name "$command" '."$defs"[$name] and
			(.anyOf | any(."$ref" == "#/$defs/" + $name))' \
			"$schema" >/dev/null
		grep -qx ".Ss $command" "$page"
	done
}
