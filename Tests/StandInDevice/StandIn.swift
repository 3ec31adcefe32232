import Foundation
import Torch

/// A second device in the host's memory (`Tests/StandInDevice`), which refuses tensors that lie elsewhere: whatever runs on
/// it through and through has made nothing on a device that it only supposed.
package enum StandIn {
  /// Nil where `./test` has not built it.
  package static let device: Device? = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "../../.deps/lib")
    #if os(macOS)
      let name = "libstandin.dylib"
    #else
      let name = "libstandin.so"
    #endif
    guard (try? LibTorch.load()) != nil,
      let library = dlopen(folder.appendingPathComponent(name).path, RTLD_NOW | RTLD_GLOBAL),
      let symbol = dlsym(library, "stand_in_device_type")
    else { return nil }
    return Device(type: unsafeBitCast(symbol, to: (@convention(c) () -> Int32).self)(), index: 0)
  }()
}
