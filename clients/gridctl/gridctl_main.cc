#include "gridctl/command.h"

int main(int argc, char** argv) { return gridwarden::gridctl::RunGridctl(argc, argv); }
