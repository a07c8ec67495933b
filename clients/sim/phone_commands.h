#pragma once

// gridsim phone: one phone whose state is a file, so that it can be put down, killed and taken up again.
namespace gridwarden::sim {

// The whole program from "gridsim phone ACTION" on; the exit code.
int RunPhoneCommand(int argc, char** argv);

}  // namespace gridwarden::sim
