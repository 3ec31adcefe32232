// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "swift-uae",
  platforms: [.macOS(.v14)],
  products: [
    .executable(name: "uae", targets: ["uae"]),
    .library(name: "Torch", targets: ["Torch"]),
    .library(name: "Formats", targets: ["Formats"]),
    .library(name: "Datasets", targets: ["Datasets"]),
    .library(name: "Models", targets: ["Models"]),
    .library(name: "MutualInformation", targets: ["MutualInformation"]),
    .library(name: "Attacks", targets: ["Attacks"]),
    .library(name: "Evaluation", targets: ["Evaluation"]),
    .library(name: "Selection", targets: ["Selection"]),
    .library(name: "Runs", targets: ["Runs"]),
    .library(name: "Reports", targets: ["Reports"]),
    .library(name: "Experiments", targets: ["Experiments"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // The C header of the LibTorch bridge and the loader of the shared library built from `Native/`.
    .target(name: "CTorch", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(
      name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl"])]),
    .systemLibrary(
      name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(
      name: "CJPEG", pkgConfig: "libjpeg",
      providers: [.apt(["libjpeg62-turbo-dev"]), .brew(["jpeg-turbo"])]),
    .systemLibrary(
      name: "CMatio", pkgConfig: "matio", providers: [.apt(["libmatio-dev"]), .brew(["libmatio"])]),
    // What MATLAB 7.3 is made of; matio stands on it already.
    .systemLibrary(
      name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]),
    // libpng, libjpeg, matio and HDF5 report errors by longjmp or to a global; this C code turns them into return values.
    .target(name: "CImages", dependencies: ["CPNG", "CJPEG", "CMatio", "CHDF5"]),

    .target(name: "Torch", dependencies: ["CTorch"]),
    .target(name: "Formats", dependencies: ["CZlib", "CImages", "CMatio", "CCrypto"]),
    .target(
      name: "Datasets", dependencies: ["Formats"], exclude: ["Resources/README.md"],
      resources: [.embedInCode("Resources/digits.csv.gz")]),
    .target(name: "MutualInformation", dependencies: ["Torch", "CTorch"]),
    .target(name: "Models", dependencies: ["Torch", "Formats", "MutualInformation", "Runs"]),
    .target(
      name: "Attacks",
      dependencies: [
        "CTorch", "Torch", "Models", "MutualInformation", "Datasets", "Formats", "Runs", "Yams",
      ]),
    .target(
      name: "Evaluation", dependencies: ["Torch", "Formats", "Datasets", "Models", "MutualInformation"]),
    .target(name: "Selection", dependencies: ["Datasets", "Evaluation", "Formats", "Models", "Torch"]),
    .target(name: "Runs", dependencies: ["Formats"]),
    .target(
      name: "Reports",
      dependencies: ["Formats", .product(name: "Mustache", package: "swift-mustache")]),
    .target(
      name: "Experiments",
      dependencies: [
        "Attacks", "Datasets", "Evaluation", "Formats", "Models", "MutualInformation", "Reports", "Runs",
        "Selection", "Torch", "Yams",
      ],
      // Links into `Plans/`, which a package's target cannot reach otherwise.
      resources: [
        "table4-smoke", "table4-small", "table4-paper", "recipes-smoke", "recipes-small",
        "estimators-smoke", "estimators-small", "augment-smoke", "augment-small", "table3-smoke",
        "table3-small", "robustness-smoke", "robustness-small", "figure3-smoke", "table2-smoke",
        "table2-small", "figure3-small", "table6-smoke", "table6-small", "table6-paper",
        "table5-smoke", "table5-small", "table5-tables", "table5-paper", "table2-paper", "table3-paper",
        "figure3-paper",
      ].map { .embedInCode("Resources/\($0).yaml") }
        // The pages' texts.
        + [
          "Table3/table3.md", "Figure3/figure3.md", "Robustness/robustness.md", "Table2/table2.md",
          "Table4/table4.md", "Table5/table5.md", "Table6/table6.md", "Recipes/recipes.md",
          "Estimators/estimators.md",
          "Searches/augment.md",
        ].map {
          .embedInCode($0)
        }),
    .executableTarget(
      name: "uae",
      dependencies: [
        "Attacks", "Datasets", "Evaluation", "Experiments", "Formats", "Models", "Reports", "Runs",
        "Selection", "Torch",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // A page each; `ExampleProgramTests` runs them.
    .executableTarget(
      name: "own-model", dependencies: ["Attacks", "Datasets", "Models", "MutualInformation", "Torch"],
      path: "Examples/own-model"),
    .executableTarget(
      name: "own-criterion", dependencies: ["Attacks", "Datasets", "Models", "Torch"],
      path: "Examples/own-criterion"),
    .executableTarget(
      name: "own-family", dependencies: ["Datasets", "Models", "Torch"], path: "Examples/own-family"),
    .executableTarget(
      name: "own-dataset", dependencies: ["Attacks", "Datasets", "Formats", "Models", "Torch"],
      path: "Examples/own-dataset"),

    .testTarget(name: "TorchTests", dependencies: ["Torch", "CTorch"]),
    // Reads damaged files, in a process that may die of one.
    .executableTarget(name: "fuzz-worker", dependencies: ["Formats", "CZlib"], path: "Tests/FuzzWorker"),
    .testTarget(name: "FormatsTests", dependencies: ["Formats", "fuzz-worker"], exclude: ["Fixtures"]),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets"], exclude: ["Fixtures"]),
    .testTarget(name: "MutualInformationTests", dependencies: ["MutualInformation", "Torch"]),
    .testTarget(
      name: "ModelsTests", dependencies: ["Evaluation", "Formats", "Models", "Torch"], exclude: ["Fixtures"]),
    // A second device for tests on machines that have none.
    .target(name: "StandIn", dependencies: ["Torch"], path: "Tests/StandInDevice", exclude: ["device.cpp"]),
    .testTarget(
      name: "AttacksTests",
      dependencies: ["Attacks", "Evaluation", "Models", "MutualInformation", "StandIn", "Torch"]),
    .testTarget(
      name: "EvaluationTests",
      dependencies: ["Evaluation", "Datasets", "Formats", "Models", "MutualInformation", "Torch"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "SelectionTests",
      dependencies: ["Datasets", "Evaluation", "Formats", "Models", "Selection", "StandIn", "Torch"]),
    .testTarget(name: "RunsTests", dependencies: ["Runs"]),
    // A run of made-up work that the fault suite kills, starves and interrupts.
    .executableTarget(name: "fault-worker", dependencies: ["Runs"], path: "Tests/FaultWorker"),
    .testTarget(
      name: "FaultTests", dependencies: ["Runs", "Formats", "fault-worker", "uae"], exclude: ["Preload"]),
    .testTarget(name: "ReportsTests", dependencies: ["Formats", "Reports"]),
    .testTarget(
      name: "ExperimentsTests",
      dependencies: [
        "Experiments", "Attacks", "Datasets", "Evaluation", "Formats", "Models", "Reports", "Runs", "StandIn",
        "Torch",
      ], exclude: ["Golden"]),
    // A step of training that the tests start by mpirun.
    .executableTarget(name: "mpi-worker", dependencies: ["Models", "Torch"], path: "Tests/MPIWorker"),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "Formats", "Models", "Torch", "uae", "mpi-worker", "own-model", "own-criterion", "own-family",
        "own-dataset",
      ]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c11
)
