function [dldX, dldA, dldb] = fully_connected_backward(X, dldY, A, b)
sz = size(X);
batch = sz(end);
X = reshape(X, [prod(sz(1:end-1)), batch]);
dldX = reshape(A' * dldY, sz);
dldA = dldY * X';
dldb = sum(dldY, 2);
end
