from pathlib import Path
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load

required_conan_version = ">=2.0"


class ErgConan(ConanFile):
    name = "erg"
    license = "MIT"
    author = "the erg authors"
    description = "Energies, samplers and diagnostics, header-only C++20"
    topics = ("mcmc", "hmc", "langevin", "energy-based-models", "simd", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"with_xsimd": [True, False]}
    default_options = {"with_xsimd": True}
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*"
    no_copy_source = True

    def set_version(self):
        header = load(self, Path(self.recipe_folder) / "include" / "erg" / "config.hpp")
        self.version = ".".join(re.findall(r"#define ERG_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header))

    def requirements(self):
        self.requires("eigen/[>=3.4 <6]", transitive_headers=True)
        if self.options.with_xsimd:
            self.requires("xsimd/[>=8.1 <15]", transitive_headers=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["ERG_BUILD_TESTS"] = False
        toolchain.cache_variables["ERG_BUILD_EXAMPLES"] = False
        toolchain.cache_variables["ERG_WITH_XSIMD"] = bool(self.options.with_xsimd)
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        CMake(self).configure()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, str(Path(self.package_folder) / "licenses"))

    def package_id(self):
        self.info.settings.clear()

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.set_property("cmake_file_name", "erg")
        self.cpp_info.set_property("pkg_config_name", "erg")
        main = self.cpp_info.components["erg"]
        main.set_property("cmake_target_name", "erg::erg")
        main.requires = ["eigen::eigen"] + (["xsimd::xsimd"] if self.options.with_xsimd else [])
        main.bindirs = []
        main.libdirs = []
        if not self.options.with_xsimd:
            main.defines = ["ERG_WITHOUT_XSIMD=1"]
        if self.settings.get_safe("os") in ("Linux", "FreeBSD"):
            main.system_libs = ["pthread"]
        strict = self.cpp_info.components["strict"]
        strict.set_property("cmake_target_name", "erg::strict")
        strict.requires = ["erg"]
        strict.bindirs = []
        strict.libdirs = []
        strict.defines = ["ERG_STRICT=1"]
        strict.cxxflags = ["-ffp-contract=off"]
