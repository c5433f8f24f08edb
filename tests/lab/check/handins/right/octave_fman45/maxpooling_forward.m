function Y = maxpooling_forward(X, pool, stride)
% X: rows x columns x channels x batch
[h, w, c, batch] = size(X);
ho = floor((h - pool) / stride) + 1;
wo = floor((w - pool) / stride) + 1;
Y = zeros(ho, wo, c, batch);
for i = 1:ho
    for j = 1:wo
        block = X((i - 1) * stride + (1:pool), (j - 1) * stride + (1:pool), :, :);
        Y(i, j, :, :) = max(max(block, [], 1), [], 2);
    end
end
end
