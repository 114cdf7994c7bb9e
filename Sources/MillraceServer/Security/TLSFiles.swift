import NIOSSL

extension MillraceServer.Configuration.TLS {
    /// Reads the files for the server's side.
    ///
    /// - Throws: `ServerError` if one of them cannot be used.
    func forServer() throws(ServerError) -> TLSConfiguration {
        let (chain, key) = try identity()
        var tls = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: key)
        tls.minimumTLSVersion = .tlsv12
        if let clientAuthorityFile {
            tls.trustRoots = .certificates(try Self.certificates(in: clientAuthorityFile))
            tls.certificateVerification = .noHostnameVerification
        }
        return tls
    }

    /// Reads the files for requests to other instances.
    func forClient() throws(ServerError) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if clientAuthorityFile != nil {
            let (chain, key) = try identity()
            tls.certificateChain = chain
            tls.privateKey = key
        }
        if let file = peerAuthorityFile ?? clientAuthorityFile {
            tls.trustRoots = .certificates(try Self.certificates(in: file))
        }
        return tls
    }

    private func identity() throws(ServerError) -> ([NIOSSLCertificateSource], NIOSSLPrivateKeySource) {
        let chain = try Self.certificates(in: certificateFile).map { NIOSSLCertificateSource.certificate($0) }
        let key: NIOSSLPrivateKeySource
        do { key = .privateKey(try NIOSSLPrivateKey(file: keyFile, format: .pem)) } catch {
            throw ServerError("the private key \(keyFile) cannot be read")
        }
        do {
            _ = try NIOSSLContext(configuration: .makeServerConfiguration(certificateChain: chain, privateKey: key))
        } catch {
            throw ServerError("the private key \(keyFile) does not belong to the certificate \(certificateFile)")
        }
        return (chain, key)
    }

    private static func certificates(in file: String) throws(ServerError) -> [NIOSSLCertificate] {
        guard let found = try? NIOSSLCertificate.fromPEMFile(file), !found.isEmpty else {
            throw ServerError("the certificates of \(file) cannot be read")
        }
        return found
    }
}
