/// A hash table from keys to aggregates that knows which entries have changed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aggregate {
    double highest;
    int64_t timestamp_ms;
};

struct entry {
    uint64_t hash;
    struct aggregate aggregate;
    uint8_t key_size;
    bool is_marked;
    char key[38];
};

struct table {
    struct entry *entries;
    size_t count, capacity;
    uint32_t *slots;
    size_t slot_count;
    uint32_t *marked;
    size_t marked_count, marked_capacity;
};

void table_init(struct table *table);
struct entry *table_find_or_insert(struct table *table, const void *key, size_t size);
void table_mark(struct table *table, struct entry *entry);
void table_sort_marked(struct table *table);
void table_unmark_all(struct table *table);
