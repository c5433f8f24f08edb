function dldX = maxpooling_backward(X, dldY, pool, stride)
dldX = zeros(size(X));
for i = 1:size(dldY, 1)
    for j = 1:size(dldY, 2)
        rows = (i - 1) * stride + (1:pool);
        cols = (j - 1) * stride + (1:pool);
        block = X(rows, cols, :, :);
        best = block == max(max(block, [], 1), [], 2);
        best = best ./ sum(sum(best, 1), 2);
        dldX(rows, cols, :, :) = dldX(rows, cols, :, :) + best .* dldY(i, j, :, :);
    end
end
end
