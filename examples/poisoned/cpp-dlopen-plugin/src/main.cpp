#include <dlfcn.h>

#include <cstdio>
#include <string>

int main(int count, char **words) {
    std::string path = std::string("./build/lib") + (count > 1 ? words[1] : "french") + ".so";
    void *plugin = dlopen(path.c_str(), RTLD_NOW);
    auto greet = plugin ? reinterpret_cast<const char *(*)()>(dlsym(plugin, "greet")) : nullptr;
    if (!greet) {
        std::fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    std::puts(greet());
}
