// hnswlib alone, as a peer of millrace-bench: builds a graph over a file of floats, on one thread, and searches it when told to.
//
//   hnswlib BASE QUERIES DIMENSIONS LINKS BUILD_EFFORT
//
// BASE and QUERIES are rows of floats of length 1. It prints a line of JSON when the graph stands. For each line
// "search EFFORT COUNT REPETITIONS FILE" on its standard input, it writes the numbers of the nearest rows to the file and prints a line.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <time.h>
#include <vector>

#include <hnswlib/hnswlib.h>

static double seconds(clockid_t clock) {
    timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static std::vector<float> read_floats(const char *path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) throw std::runtime_error(std::string("cannot read ") + path);
    std::vector<float> floats(size_t(file.tellg()) / sizeof(float));
    file.seekg(0);
    file.read(reinterpret_cast<char *>(floats.data()), std::streamsize(floats.size() * sizeof(float)));
    return floats;
}

int main(int count_of_arguments, char **arguments) try {
    if (count_of_arguments != 6) throw std::runtime_error("hnswlib BASE QUERIES DIMENSIONS LINKS BUILD_EFFORT");
    const std::vector<float> base = read_floats(arguments[1]), queries = read_floats(arguments[2]);
    const size_t dimensions = std::stoul(arguments[3]), links = std::stoul(arguments[4]);
    const size_t effort = std::stoul(arguments[5]), rows = base.size() / dimensions;
    hnswlib::InnerProductSpace space(dimensions);
    double start = seconds(CLOCK_THREAD_CPUTIME_ID);
    hnswlib::HierarchicalNSW<float> graph(&space, rows, links, effort);
    for (size_t row = 0; row < rows; row++) graph.addPoint(base.data() + row * dimensions, row);
    const double built = seconds(CLOCK_THREAD_CPUTIME_ID) - start;
    size_t bytes = rows * graph.size_data_per_element_;
    for (size_t row = 0; row < rows; row++) bytes += size_t(graph.element_levels_[row]) * graph.size_links_per_element_;
    printf("{\"buildCPUSeconds\":%.6f,\"bytes\":%zu}\n", built, bytes);
    fflush(stdout);
    std::string word, path;
    size_t candidates, count, repetitions;
    while (std::cin >> word >> candidates >> count >> repetitions >> path) {
        const size_t searches = queries.size() / dimensions;
        std::vector<int32_t> found(searches * count, -1);
        graph.setEf(candidates);
        start = seconds(CLOCK_THREAD_CPUTIME_ID);
        const double wall = seconds(CLOCK_MONOTONIC);
        for (size_t repetition = 0; repetition < repetitions; repetition++) {
            for (size_t query = 0; query < searches; query++) {
                auto nearest = graph.searchKnn(queries.data() + query * dimensions, count);
                for (size_t place = nearest.size(); place-- > 0; nearest.pop()) {
                    found[query * count + place] = int32_t(nearest.top().second);
                }
            }
        }
        const double cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - start;
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char *>(found.data()), std::streamsize(found.size() * sizeof(int32_t)));
        printf("{\"queries\":%zu,\"seconds\":%.6f,\"cpuSeconds\":%.6f,\"clientCPUSeconds\":0}\n",
               searches * repetitions, seconds(CLOCK_MONOTONIC) - wall, cpu);
        fflush(stdout);
    }
    return 0;
} catch (const std::exception &error) {
    fprintf(stderr, "hnswlib: %s\n", error.what());
    return 1;
}
