extern "C" const char *greet() { return "bonjour"; }
