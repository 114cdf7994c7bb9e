package import Foundation

/// Finds scenario files.
package enum ScenarioFiles {
    /// Returns the scenario files at these paths, in the order of the paths; those of a folder are sorted by path.
    ///
    /// - Throws: `ScenarioError.malformed` for a path that does not exist.
    package static func find(in paths: [String]) throws -> [URL] {
        try paths.flatMap { path -> [URL] in
            let url = URL(fileURLWithPath: path)
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw ScenarioError.malformed("there is nothing at \(path)")
            }
            return isFolder.boolValue ? files(below: url) : [url]
        }
    }

    private static func files(below folder: URL) -> [URL] {
        let contents = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        var files: [URL] = []
        while let file = contents?.nextObject() as? URL {
            if file.pathExtension == "json" { files.append(file) }
        }
        return files.sorted { $0.path < $1.path }
    }
}
