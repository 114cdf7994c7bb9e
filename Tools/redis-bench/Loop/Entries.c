#include "Entries.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/// The bytes of a connection that are not used up.
struct Input {
    int socket;
    char *bytes;
    size_t capacity, start, end;
};

static bool fill(struct Input *input) {
    if (input->end == input->capacity) {
        size_t capacity = input->capacity * 2;
        char *bytes = realloc(input->bytes, capacity);
        if (!bytes) return false;
        input->bytes = bytes;
        input->capacity = capacity;
    }
    ssize_t count = recv(input->socket, input->bytes + input->end, input->capacity - input->end, 0);
    if (count <= 0) return false;
    input->end += (size_t)count;
    return true;
}

/// Reads the number of a line such as `*12` at a place, and moves the place behind it. Returns false if the input ends or is another one.
static bool number(struct Input *input, size_t *at, char kind, long *value) {
    for (size_t end = *at;; end++) {
        while (end + 1 >= input->end) {
            if (!fill(input)) return false;
        }
        if (input->bytes[end] != '\r') continue;
        if (input->bytes[*at] != kind) return false;
        *value = strtol(input->bytes + *at + 1, NULL, 10);
        *at = end + 2;
        return true;
    }
}

/// Finds the bytes of a text at a place, and moves the place behind it.
static bool text(struct Input *input, size_t *at, size_t *begin, size_t *size) {
    long length;
    if (!number(input, at, '$', &length) || length < 0) return false;
    while (*at + (size_t)length + 2 > input->end) {
        if (!fill(input)) return false;
    }
    *begin = *at;
    *size = (size_t)length;
    *at += *size + 2;
    return true;
}

/// An answer: where its entries begin, how many there are, and the id of the last one.
struct Answer {
    size_t begin, end;
    long count;
    char last[64];
};

/// Waits until an answer is there as a whole.
static bool await(struct Input *input, struct Answer *answer) {
    size_t at = input->start, begin, size;
    long count, pair;
    if (!number(input, &at, '*', &count)) return false;
    answer->count = 0;
    answer->end = at;
    // A null array: nothing is left.
    if (count < 1) return true;
    if (!number(input, &at, '*', &pair) || !text(input, &at, &begin, &size)) return false;
    if (!number(input, &at, '*', &answer->count)) return false;
    answer->begin = at;
    for (long entry = 0; entry < answer->count; entry++) {
        long fields;
        if (!number(input, &at, '*', &pair) || !text(input, &at, &begin, &size)) return false;
        if (entry == answer->count - 1) {
            if (size >= sizeof answer->last) return false;
            memcpy(answer->last, input->bytes + begin, size);
            answer->last[size] = 0;
        }
        if (!number(input, &at, '*', &fields)) return false;
        for (long field = 0; field < fields; field++) {
            if (!text(input, &at, &begin, &size)) return false;
        }
    }
    answer->end = at;
    return true;
}

/// Takes the entries of an answer, one after the other.
static bool take_all(
    struct Input *input, const struct Answer *answer, bool (*take)(void *context, const struct Entry *entry), void *context
) {
    size_t at = answer->begin, begin, size;
    for (long number_of_entry = 0; number_of_entry < answer->count; number_of_entry++) {
        struct Entry entry;
        long pair, fields;
        if (!number(input, &at, '*', &pair) || !text(input, &at, &begin, &size)) return false;
        entry.id = (struct Text){input->bytes + begin, size};
        if (!number(input, &at, '*', &fields) || fields > 128) return false;
        for (entry.count = 0; entry.count < fields; entry.count++) {
            if (!text(input, &at, &begin, &size)) return false;
            entry.fields[entry.count] = (struct Text){input->bytes + begin, size};
        }
        if (!take(context, &entry)) return false;
    }
    return true;
}

static bool ask(int socket, const char *stream, int count, const char *after) {
    char command[512], digits[16];
    snprintf(digits, sizeof digits, "%d", count);
    int size = snprintf(
        command, sizeof command, "*6\r\n$5\r\nXREAD\r\n$5\r\nCOUNT\r\n$%zu\r\n%s\r\n$7\r\nSTREAMS\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n",
        strlen(digits), digits, strlen(stream), stream, strlen(after), after);
    return size > 0 && (size_t)size < sizeof command && send(socket, command, (size_t)size, 0) == size;
}

bool entries_read(
    int port, const char *stream, int count, bool (*take)(void *context, const struct Entry *entry), void *context
) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct Input input = {.socket = socket(AF_INET, SOCK_STREAM, 0), .capacity = 1 << 20};
    input.bytes = malloc(input.capacity);
    int yes = 1;
    setsockopt(input.socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    bool isGood = input.bytes && connect(input.socket, (struct sockaddr *)&address, sizeof address) == 0
        && ask(input.socket, stream, count, "0-0");
    while (isGood) {
        struct Answer answer;
        isGood = await(&input, &answer);
        if (!isGood || answer.count == 0) break;
        isGood = ask(input.socket, stream, count, answer.last) && take_all(&input, &answer, take, context);
        // The whole answer is there, so taking it has received nothing of the next.
        input.start = input.end = 0;
    }
    close(input.socket);
    free(input.bytes);
    return isGood;
}
