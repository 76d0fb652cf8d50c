// SPDX-License-Identifier: BSL-1.0
#include "fuzz.hpp"

#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

/// Runs a fuzz target over files, and over all files in folders, once each: with any compiler, without libFuzzer.

int main(int argc, char** argv)
try {
    namespace fs = std::filesystem;
    std::size_t count = 0;
    const auto run = [&count](const fs::path& path) {
        std::ifstream file{path, std::ios::binary};
        const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
        if (!file.is_open()) throw std::runtime_error("cannot read " + path.string());
        (void)LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
        ++count;
    };
    (void)LLVMFuzzerTestOneInput(nullptr, 0);
    for (int i = 1; i < argc; ++i) {
        if (!fs::is_directory(argv[i])) {
            run(argv[i]);
            continue;
        }
        for (const auto& entry : fs::recursive_directory_iterator(argv[i]))
            if (entry.is_regular_file()) run(entry.path());
    }
    if (count == 0) throw std::runtime_error("no input");
    std::cout << count << " inputs\n";
    return 0;
}
catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
}
