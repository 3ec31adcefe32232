import Formats
import Foundation
import Testing

/// A classifier from training to attacks, through the commands.
@Suite struct ClassifierCommandTests {
  @Test(.tags(.slow)) func aClassifierIsTrainedMeasuredAndAttacked() throws {
    let folder = try TemporaryFolder()
    let path = folder.url.path
    // Two classes that one feature tells apart.
    let labels = (0..<60).map { $0 % 2 }
    let values: [Float] = labels.flatMap { [Float($0), 0.5, Float(1 - $0)] }
    try NPZFile.write(
      [("x", HostArray(values, shape: [60, 3])), ("y", HostArray(labels, shape: [60]))], to: path + "/a.npz")
    try NPZFile.write([("x", HostArray(values, shape: [60, 3]))], to: path + "/unlabelled.npz")
    let checkpoint = path + "/model.safetensors"

    let refused = try run([
      program, "train", "--dataset", path + "/unlabelled.npz", "--family", "classifier", "--out", checkpoint,
    ])
    #expect(refused.status == 1)
    // What was taken of the data, and why it does not do.
    let said = refused.errors.split(separator: "\n")
    #expect(said.count == 2 && said[0].contains("samples: x, 60 × 3"), "\(refused.errors)")
    #expect(said.last?.contains("data with labels") == true, "\(refused.errors)")

    let trained = try run([
      program, "train", "--dataset", path + "/a.npz", "--family", "classifier", "--epochs", "30",
      "--batch-size", "10", "--out", checkpoint, "--quiet",
    ])
    #expect(trained.status == 0, "\(trained.errors)")
    #expect(trained.output.contains("error rate 0 ("), "\(trained.output)")
    let measured = try run([program, "evaluate", "--dataset", path + "/a.npz", "--checkpoint", checkpoint])
    #expect(measured.output.contains("accuracy 1\n"), "\(measured.output)")
    let exported = try run([program, "export", "--checkpoint", checkpoint, "--out", path + "/model.pt"])
    #expect(exported.status == 0, "\(exported.errors)")
    let script = try run([program, "evaluate", "--dataset", path + "/a.npz", "--model", path + "/model.pt"])
    #expect(script.output == measured.output, "\(script.output)\(script.errors)")
    // The judge is the attacked model itself: what succeeds, succeeds there.
    let criteria = [
      (["same-class"], "keep its decision"), (["misclassification"], "change its decision"),
      (["targeted", "--target", "1"], "are of their target's class for it"),
    ]
    for (number, (criterion, aim)) in criteria.enumerated() {
      let result = try run(
        [
          program, "attack", "--dataset", path + "/a.npz", "--checkpoint", checkpoint, "--iterations", "20",
          "--out", "\(path)/run-\(number)", "--quiet", "--judge", path + "/model.pt", "--criterion",
        ] + criterion)
      #expect(result.output.contains("100 % of the successes \(aim), too"), "\(result.output)")
      #expect(result.status == 0, "\(criterion): \(result.errors)")
    }
    // What was found out about model and attack is part of the result.
    let trusted = try run([
      program, "attack", "--dataset", path + "/a.npz", "--checkpoint", checkpoint, "--criterion",
      "misclassification", "--solver", "pgd", "--epsilon", "0.6", "--out", path + "/trusted.npz", "--quiet",
      "--json", "--trust",
    ])
    let figures = try JSONSerialization.jsonObject(with: Data(trusted.output.utf8)) as? [String: Any]
    let subjects = (figures?["checks"] as? [[String: Any]])?.compactMap { $0["subject"] as? String }
    #expect(
      ["gradient", "deterministic", "more finds more", "finished", "gradients", "planted"].allSatisfy {
        subjects?.contains($0) == true
      }, "\(trusted.output)\(trusted.errors)")
    let unsuited = try run([
      program, "attack", "--dataset", path + "/a.npz", "--checkpoint", checkpoint, "--criterion",
      "reconstruction",
      "--out", path + "/none", "--quiet",
    ])
    #expect(unsuited.status == 1)
    #expect(unsuited.errors.contains("classifier has logits, embedding"), "\(unsuited.errors)")
  }
}
