import Foundation
import Torch

/// What the square attack draws for the samples of a tile, on the host: each row from its sample's own stream, by the
/// number of the query alone.
struct SquareMoves {
  private let tile: Tile
  private let norm: Norm
  private let epsilon: Float
  private let originals: [Float]
  /// Of an image; a table is one row of pixels.
  private let channels: Int
  private let height: Int
  private let width: Int

  init(_ tile: Tile, norm: Norm, epsilon: Double) {
    self.tile = tile
    self.norm = norm
    self.epsilon = Float(epsilon)
    originals = tile.originals.contiguous().floats
    let shape = Array(tile.originals.shape.dropFirst())
    let isImage = shape.count == 3
    channels = isImage ? shape[0] : 1
    height = isImage ? shape[1] : 1
    width = isImage ? shape[2] : shape.reduce(1, *)
  }

  private var length: Int { channels * height * width }
  /// Blocks of four numbers that a query takes: where, and the signs of the channels.
  private var blocks: Int { 1 + (channels + 3) / 4 }

  private func uniform(_ row: Int, _ count: Int, query: Int) -> [Float] {
    // The stripes of the start have the numbers before all queries'.
    let first = (channels * width + 3) / 4 + blocks * query
    return tile.stream(row, .search).uniform(count, position: UInt64(query == 0 ? 0 : first))
  }

  /// Vertical stripes of ±ε in each channel; in ‖·‖₂ a lattice of bumps of that length together.
  func first() -> Tensor {
    var delta = [Float](repeating: 0, count: tile.size * length)
    let side = max(1, (height == 1 ? width : min(height, width)) / 5)
    for row in tile.rows {
      let signs = uniform(row, channels * width, query: 0)
      for channel in 0..<channels {
        switch norm {
        case .linf:
          let whole = Window(top: 0, left: 0, height: height, width: width)
          eachPixel(row, channel, whole) { i in
            delta[i] = signs[channel * width + i % width] < 0.5 ? -epsilon : epsilon
          }
        case .l2:
          var number = 0
          for top in stride(from: 0, to: height, by: side) {
            for left in stride(from: 0, to: width, by: side) {
              let isUp = signs[channel * width + number % width] < 0.5
              number += 1
              let cell = Window(
                top: top, left: left, height: min(side, height - top), width: min(side, width - left))
              let bump = bump(cell)
              var next = 0
              eachPixel(row, channel, cell) { i in
                delta[i] = isUp ? bump[next] : -bump[next]
                next += 1
              }
            }
          }
        }
      }
      if norm == .l2 { stretch(&delta, row) }
    }
    return Tensor(delta, tile.originals.shape).to(tile.originals.device)
  }

  /// The iterates with one square of each changed.
  func moved(_ best: Tensor, share: Double, query: Int) -> Tensor {
    var values = best.contiguous().floats
    for row in tile.rows {
      let drawn = uniform(row, 4 * blocks, query: query)
      let window = window(share, drawn[0], drawn[1])
      switch norm {
      case .linf:
        // The projection that follows cuts what is beyond the edge of the ball.
        for channel in 0..<channels {
          let step = drawn[4 + channel] >= 0.5 ? 2 * epsilon : -2 * epsilon
          eachPixel(row, channel, window) { values[$0] += step }
        }
      case .l2:
        move(
          &values, row, from: self.window(share, drawn[2], drawn[3]), to: window, signs: Array(drawn[4...]))
      }
    }
    return Tensor(values, best.shape).to(best.device)
  }

  private struct Window {
    var top: Int
    var left: Int
    var height: Int
    var width: Int
  }

  /// A square of the share of the pixels, somewhere; of a table a stretch.
  private func window(_ share: Double, _ a: Float, _ b: Float) -> Window {
    let pixels = share * Double(height * width)
    let side = max(1, Int((height == 1 ? pixels : pixels.squareRoot()).rounded()))
    let tall = min(height, side), wide = min(width, side)
    func place(_ uniform: Float, _ room: Int) -> Int { min(Int(uniform * Float(room + 1)), room) }
    return Window(top: place(a, height - tall), left: place(b, width - wide), height: tall, width: wide)
  }

  private func eachPixel(_ row: Int, _ channel: Int, _ window: Window, _ body: (Int) -> Void) {
    for y in window.top..<window.top + window.height {
      let start = row * length + (channel * height + y) * width + window.left
      for i in start..<start + window.width { body(i) }
    }
  }

  /// A bump of a window's size, high in the middle.
  private func bump(_ window: Window) -> [Float] {
    (0..<window.height).flatMap { y in
      (0..<window.width).map { x in
        let dy = Float(y) - Float(window.height - 1) / 2, dx = Float(x) - Float(window.width - 1) / 2
        return 1 / (1 + (dy * dy + dx * dx).squareRoot())
      }
    }
  }

  /// Empties one window and puts what it had, and what the ball has room for, into the other: its own δ and a bump together.
  private func move(
    _ values: inout [Float], _ row: Int, from old: Window, to new: Window, signs: [Float]
  ) {
    var delta = values
    var whole: Float = 0
    for i in row * length..<(row + 1) * length {
      delta[i] = values[i] - originals[i]
      whole += delta[i] * delta[i]
    }
    let bump = bump(new)
    for channel in 0..<channels {
      var own: Float = 0
      eachPixel(row, channel, new) { own += delta[$0] * delta[$0] }
      var taken = own
      eachPixel(row, channel, old) { i in
        if !contains(new, i) { taken += delta[i] * delta[i] }
      }
      let mass = max(0, epsilon * epsilon - whole) / Float(channels) + taken
      var mixed: [Float] = []
      var total: Float = 0
      let sign: Float = signs[channel] >= 0.5 ? 1 : -1
      eachPixel(row, channel, new) { i in
        let value = sign * bump[mixed.count] + delta[i] / max(own.squareRoot(), 1e-12)
        mixed.append(value)
        total += value * value
      }
      eachPixel(row, channel, old) { delta[$0] = 0 }
      let scale = (mass / max(total, 1e-24)).squareRoot()
      var next = 0
      eachPixel(row, channel, new) { i in
        delta[i] = mixed[next] * scale
        next += 1
      }
    }
    stretch(&delta, row)
    for i in row * length..<(row + 1) * length { values[i] = originals[i] + delta[i] }
  }

  private func contains(_ window: Window, _ index: Int) -> Bool {
    let y = index % (height * width) / width, x = index % width
    return window.top..<window.top + window.height ~= y && window.left..<window.left + window.width ~= x
  }

  /// Brings a row's δ to the length ε.
  private func stretch(_ delta: inout [Float], _ row: Int) {
    let range = row * length..<(row + 1) * length
    let norm = range.reduce(Float(0)) { $0 + delta[$1] * delta[$1] }.squareRoot()
    guard norm > 1e-12 else { return }
    for i in range { delta[i] *= epsilon / norm }
  }
}
