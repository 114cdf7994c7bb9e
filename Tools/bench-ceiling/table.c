#define _GNU_SOURCE
#include "table.h"
#include "ceiling.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash(const unsigned char *key, size_t size) {
    uint64_t state = 0x9e3779b97f4a7c15 ^ size;
    while (size > 0) {
        uint64_t word = 0;
        size_t count = size < 8 ? size : 8;
        memcpy(&word, key, count);
        unsigned __int128 product = (unsigned __int128)(state ^ word) * 0xd6e8feb86659fd93;
        state = (uint64_t)product ^ (uint64_t)(product >> 64);
        key += count;
        size -= count;
    }
    return state;
}

void table_init(struct table *table) {
    memset(table, 0, sizeof *table);
    table->slot_count = 1 << 16;
    table->slots = calloc(table->slot_count, sizeof *table->slots);
}

static void grow(struct table *table) {
    free(table->slots);
    table->slot_count *= 2;
    table->slots = calloc(table->slot_count, sizeof *table->slots);
    for (size_t i = 0; i < table->count; i++) {
        size_t slot = table->entries[i].hash & (table->slot_count - 1);
        while (table->slots[slot]) slot = (slot + 1) & (table->slot_count - 1);
        table->slots[slot] = (uint32_t)(i + 1);
    }
}

struct entry *table_find_or_insert(struct table *table, const void *key, size_t size) {
    if ((table->count + 1) * 2 > table->slot_count) grow(table);
    uint64_t code = hash(key, size);
    size_t slot = code & (table->slot_count - 1);
    for (; table->slots[slot]; slot = (slot + 1) & (table->slot_count - 1)) {
        struct entry *entry = &table->entries[table->slots[slot] - 1];
        if (entry->hash == code && entry->key_size == size && memcmp(entry->key, key, size) == 0) return entry;
    }
    if (table->count == table->capacity) {
        table->capacity = table->capacity ? table->capacity * 2 : 1024;
        table->entries = realloc(table->entries, table->capacity * sizeof *table->entries);
    }
    struct entry *entry = &table->entries[table->count++];
    if (size > sizeof entry->key) fail("a key of %zu bytes", size);
    memset(entry, 0, sizeof *entry);
    entry->hash = code;
    entry->key_size = (uint8_t)size;
    entry->aggregate.timestamp_ms = -1;
    memcpy(entry->key, key, size);
    table->slots[slot] = (uint32_t)table->count;
    return entry;
}

void table_mark(struct table *table, struct entry *entry) {
    if (entry->is_marked) return;
    entry->is_marked = true;
    if (table->marked_count == table->marked_capacity) {
        table->marked_capacity = table->marked_capacity ? table->marked_capacity * 2 : 1024;
        table->marked = realloc(table->marked, table->marked_capacity * sizeof *table->marked);
    }
    table->marked[table->marked_count++] = (uint32_t)(entry - table->entries);
}

static int compare(const void *left, const void *right, void *context) {
    const struct entry *entries = context;
    const struct entry *a = &entries[*(const uint32_t *)left], *b = &entries[*(const uint32_t *)right];
    size_t size = a->key_size < b->key_size ? a->key_size : b->key_size;
    int order = memcmp(a->key, b->key, size);
    return order ? order : (int)a->key_size - (int)b->key_size;
}

void table_sort_marked(struct table *table) {
    qsort_r(table->marked, table->marked_count, sizeof *table->marked, compare, table->entries);
}

void table_unmark_all(struct table *table) {
    for (size_t i = 0; i < table->marked_count; i++) table->entries[table->marked[i]].is_marked = false;
    table->marked_count = 0;
}
